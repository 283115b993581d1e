// Linked before (EDGE=ccSharedBegin) and after (EDGE=ccSharedEnd) kernels.o, whose only
// thread-local variables are the static shared arrays of the kernels: the linker keeps this order,
// so the two mark where static shared memory begins and ends.
alignas(64) thread_local char EDGE;
