#include "crc.h"
#include "passes.h"
#include "quantize.h"
