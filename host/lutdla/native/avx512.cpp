#include "passes.h"
#include "quantize.h"
