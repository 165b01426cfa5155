"""lutdla: neural networks as lookup tables on PYNQ boards."""
