"""Training's kernels in C++, and how they are compiled and called."""
