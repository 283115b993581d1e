// What begins and ends a training step: the host says beforehand what schedules decide of the next steps, and reads
// afterwards what they saw; controllers and counters that the next step depends on stay on the device. Bitwise.

// Numbers of one step as the host writes them (StepRing).
#define STEP_RATE 0
#define STEP_ROOT_CORRECTION 1
#define STEP_K 2
#define STEP_COUNT 3
#define STEP_COEFFICIENT 4
#define STEP_TARGET_L0 5
#define STEP_INPUTS 6

// Numbers of one step as the host reads them; the terms of the loss follow.
#define STEP_NORM 0
#define STEP_L0 1
#define STEP_SMALLEST 2
#define STEP_FIRST_SMALLEST 3
#define STEP_LAMBDA 4
#define STEP_DEAD 5
#define STEP_SMOOTHED 6
#define STEP_L0_RATE 7
#define STEP_MULTIPLIER 8
#define STEP_OLDEST 9
#define STEP_REPORT 10

// One thread. place[0] numbers the steps since the host last wrote; tuner holds smoothed L0, its rate and the multiplier.
KERNEL_BOUNDED(step_begin, 32, 1)(const double* inputs, const int* place, const double* tuner, float* floats,
                                  int* ints, double* doubles)
{
    if (threadIdx.x != 0) return;
    const double* input = inputs + (u64)place[0] * STEP_INPUTS;
    floats[0] = (float)input[STEP_RATE];
    floats[1] = (float)input[STEP_ROOT_CORRECTION];
    ints[0] = (int)input[STEP_K];
    ints[1] = (int)input[STEP_COUNT];
    doubles[0] = input[STEP_COEFFICIENT] * tuner[2];
    doubles[1] = input[STEP_TARGET_L0];
}

// The controller of a coefficient (Autotuner.next), after a step with this L0.
DEVICE void step_tune(double* tuner, double l0, double target, int step, int start, double deadband,
                      double gain, double convergence_gain, double gain_scale)
{
    double smoothed = l0, rate = 0.0;
    if (tuner[0] == tuner[0]) {
        smoothed = 0.99 * tuner[0] + 0.01 * l0;
        rate = 0.95 * tuner[1] + 0.05 * (smoothed - tuner[0]);
    }
    tuner[0] = smoothed;
    tuner[1] = rate;
    double error = smoothed - target;
    if (step < start || fabs(error) <= deadband) return;
    double slower = error * rate < 0.0 ? convergence_gain : 1.0;
    double change = gain * slower * tanh(gain_scale * fabs(error) / target);
    double multiplier = tuner[2] * (error > 0.0 ? 1.0 + change : 1.0 - change);
    tuner[2] = multiplier < 0.01 ? 0.01 : multiplier > 100.0 ? 100.0 : multiplier;
}

// One block. Writes the step's report, moves the controller where the SAE has one, and goes on to the next place.
KERNEL_BOUNDED(step_end, 256, 1)(double* reports, int width, int* place, int* step, const int* counts, int rows,
                                 const double* norm, const float* smallest, const float* first_smallest,
                                 const double* doubles, const int* dead, const int* oldest, const double* terms, int term_count,
                                 double* tuner, int tuned, int start, double deadband, double gain,
                                 double convergence_gain, double gain_scale)
{
    BLOCK_SHARED i64 scratch[32];
    i64 entries = 0;
    for (int row = threadIdx.x; row < rows; row += blockDim.x) entries += counts[row];
    entries = block_sum(entries, scratch);
    double* report = reports + (u64)place[0] * width;
    for (int term = threadIdx.x; term < term_count; term += blockDim.x) report[STEP_REPORT + term] = terms[term];
    __syncthreads(); // place is read by all before it moves
    if (threadIdx.x != 0) return;
    double l0 = (double)entries / (double)rows;
    report[STEP_NORM] = norm[0];
    report[STEP_L0] = l0;
    report[STEP_SMALLEST] = smallest[0];
    report[STEP_FIRST_SMALLEST] = first_smallest[0];
    report[STEP_LAMBDA] = doubles[0];
    report[STEP_DEAD] = dead[0];
    report[STEP_OLDEST] = oldest[0];
    if (tuned)
        step_tune(tuner, l0, doubles[1], step[0], start, deadband, gain, convergence_gain, gain_scale);
    report[STEP_SMOOTHED] = tuner[0];
    report[STEP_L0_RATE] = tuner[1];
    report[STEP_MULTIPLIER] = tuner[2];
    place[0]++;
    step[0]++;
}

// means[m] = weight[m] / rows * sum of squares[m·rows …]; a block per level.
KERNEL_BOUNDED(step_mean_squares, 256, 1)(const double* squares, int rows, const double* weights, double* means)
{
    BLOCK_SHARED double scratch[32];
    const double* mine = squares + (u64)blockIdx.x * rows;
    double sum = 0.0;
    for (int row = threadIdx.x; row < rows; row += blockDim.x) sum += mine[row];
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) means[blockIdx.x] = weights[blockIdx.x] * (sum / (double)rows);
}

// fires[j] += number of rows whose codes hold latent j; one block per row.
KERNEL_BOUNDED(latents_count, 128, 1)(const int* count, const int* index, int stride, int* fires)
{
    u64 first = (u64)blockIdx.x * stride;
    for (int i = threadIdx.x; i < count[blockIdx.x]; i += blockDim.x) atomicAdd(&fires[index[first + i]], 1);
}

// The same from lists of codes.
KERNEL_BOUNDED(latents_count_lists, 256, 1)(const int* start, int latents, int* fires)
{
    int j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j < latents) fires[j] = start[j + 1] - start[j];
}

// Running means of how often latents fire (FiringFrequencies.Update).
KERNEL_BOUNDED(frequencies_update, 256, 1)(const int* fires, int latents, int rows, const i64* batches, double* shares)
{
    int j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j >= latents) return;
    double share = (double)fires[j] / (double)rows;
    shares[j] = batches[0] == 0 ? share : (1.0 - 0.01) * shares[j] + 0.01 * share;
}

// The level of each latent when the most frequent come first, of equals the lower one (Levels.ofOrder); a thread per latent.
KERNEL_BOUNDED(levels_by_frequency, 256, 1)(const double* shares, int latents, const int* widths, int levels,
                                            int* level, i64* batches)
{
    BLOCK_SHARED double tile[256];
    int j = blockIdx.x * blockDim.x + threadIdx.x;
    double mine = j < latents ? shares[j] : 0.0;
    int rank = 0;
    for (int first = 0; first < latents; first += 256) {
        __syncthreads();
        if (first + (int)threadIdx.x < latents) tile[threadIdx.x] = shares[first + threadIdx.x];
        __syncthreads();
        int last = latents - first < 256 ? latents - first : 256;
        for (int i = 0; i < last; i++) rank += tile[i] > mine || (tile[i] == mine && first + i < j);
    }
    if (j < latents && level) {
        int m = 0;
        while (rank >= widths[m]) m++;
        level[j] = m;
    }
    if (j == 0) batches[0]++;
}

// The dead latents, ascending: those that have not fired for more than `window` steps; of one level where levels are
// given; and the most steps that any latent has not fired for. One block.
KERNEL_BOUNDED(dead_list, 1024, 1)(const int* since, int latents, int window, const int* level, int wanted, int* count,
                                   int* indices, int* oldest)
{
    BLOCK_SHARED int scratch[32];
    int found = 0, most = 0;
    for (int first = 0; first < latents; first += blockDim.x) {
        int j = first + threadIdx.x;
        int steps = j < latents ? since[j] : 0;
        most = steps > most ? steps : most;
        int dead = steps > window && (!level || level[j] == wanted);
        int total;
        int below = block_scan(dead, total, scratch);
        if (dead) indices[found + below] = j;
        found += total;
    }
    most = warp_max(most);
    __syncthreads();
    if (LANE == 0) scratch[WARP] = most;
    __syncthreads();
    if (threadIdx.x != 0) return;
    for (u32 w = 1; w < WARPS; w++) most = scratch[w] > most ? scratch[w] : most;
    count[0] = found;
    oldest[0] = most;
}

// One step older, 0 for those that fired; forgets the counts.
KERNEL_BOUNDED(latents_age, 256, 1)(int* fires, int latents, int* since)
{
    int j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j >= latents) return;
    since[j] = fires[j] > 0 ? 0 : since[j] + 1;
    fires[j] = 0;
}

// a += b.
KERNEL_BOUNDED(matrix_add, 256, 1)(float* a, const float* b, i64 size)
{
    i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < size) a[i] += b[i];
}

// What a penalty on the latents up to a level weighs each with: the coefficient or 0.
KERNEL_BOUNDED(level_coefficients, 256, 1)(const int* level, int latents, int last, double coefficient, double* lambda)
{
    int j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j < latents) lambda[j] = !level || level[j] <= last ? coefficient : 0.0;
}
