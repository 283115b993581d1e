// The kernels, from the one source that CUDA_SOURCE names, and the list of their names.
#include "cuda_cpu.h"
#include CUDA_SOURCE
#include CUDA_REGISTRY
