using SynthSae.Api;
using SynthSae.Compute;
using SynthSae.Core;

namespace SynthSae;

public sealed partial class SyntheticModel
{
    /// <summary>Draw samples with the truth about them.</summary>
    /// <param name="first">Number of the first sample, at least 0.</param>
    /// <param name="count">B, how many; at least 0.</param>
    /// <param name="stream">Which sequence of samples.</param>
    /// <param name="runSeed">Seed of the run whose samples they are; 0 for the model's own.</param>
    /// <exception cref="SynthSaeException">
    /// The device fails, or memory does not suffice.
    /// </exception>
    public LabelledSamples Sample(
        long first,
        int count,
        SampleStream stream = SampleStream.Training,
        long runSeed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            count, Array.MaxLength / HiddenDim, nameof(count));
        var x = new float[count * HiddenDim];
        var features = Fill(first, x, stream, runSeed);
        return new LabelledSamples(first, x, features);
    }

    /// <summary>Draw as many samples as a span has room for.</summary>
    /// <param name="first">Number of the first sample, at least 0.</param>
    /// <param name="activations">
    /// Where x (B, D) goes, row after row; a multiple of D in length.
    /// </param>
    /// <param name="stream">Which sequence of samples.</param>
    /// <param name="runSeed">Seed of the run whose samples they are; 0 for the model's own.</param>
    /// <returns>The true features of the samples (B, N).</returns>
    /// <exception cref="SynthSaeException">
    /// The device fails, or memory does not suffice.
    /// </exception>
    public SparseCodes Fill(
        long first,
        Span<float> activations,
        SampleStream stream = SampleStream.Training,
        long runSeed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        var rows = Shapes.Rows(activations.Length, HiddenDim, nameof(activations));
        var source = Enums.ToCore(stream);
        var sampler = SamplerOf(runSeed);
        var truth = new CodesWriter(NumFeatures, rows);
        var codes = new Codes(NumFeatures);
        Matrix? x = null;
        for (var start = 0; start < rows; start += Shapes.Batch)
        {
            var size = Math.Min(Shapes.Batch, rows - start);
            var batch = x is not null && x.Rows == size ? x : new Matrix(size, HiddenDim);
            x = batch;
            Boundary.Run(() => sampler.Sample(source, first + start, codes, batch));
            batch.Span.CopyTo(activations[(start * HiddenDim)..]);
            truth.Add(codes);
        }

        return truth.ToCodes();
    }

    /// <summary>
    /// Draw the true features of samples without their activations, which is quicker.
    /// </summary>
    /// <param name="first">Number of the first sample, at least 0.</param>
    /// <param name="count">B, how many; at least 0.</param>
    /// <param name="stream">Which sequence of samples.</param>
    /// <param name="runSeed">Seed of the run whose samples they are; 0 for the model's own.</param>
    /// <returns>The features that are active, and how much (B, N).</returns>
    /// <exception cref="SynthSaeException">
    /// The device fails, or memory does not suffice.
    /// </exception>
    public SparseCodes SampleFeatures(
        long first,
        int count,
        SampleStream stream = SampleStream.Training,
        long runSeed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var source = Enums.ToCore(stream);
        var sampler = SamplerOf(runSeed);
        var truth = new CodesWriter(NumFeatures, count);
        var codes = new Codes(NumFeatures);
        for (var start = 0; start < count; start += Shapes.Batch)
        {
            var size = Math.Min(Shapes.Batch, count - start);
            Boundary.Run(() => sampler.Codes(source, first + start, size, codes));
            truth.Add(codes);
        }

        return truth.ToCodes();
    }

    private Sampler SamplerOf(long runSeed) =>
        Boundary.Run(() => _samplers.GetOrAdd(
            runSeed, seed => _loaded.Sampler(_settings.Backend(), seed)));
}
