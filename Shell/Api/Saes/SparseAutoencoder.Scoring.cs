using SynthSae.Api;
using SynthSae.Compute;
using SynthSae.Core;
using SynthSae.Data;

namespace SynthSae;

public sealed partial class SparseAutoencoder
{
    private const int ScoringBatch = 1024;

    /// <summary>
    /// Score it against the true features of a model, on samples 0, 1, … of the evaluation stream.
    /// It computes as this SAE does, whatever the model was made on.
    /// </summary>
    /// <param name="model">The model that its activations come from.</param>
    /// <param name="samples">How many samples, at least 1.</param>
    /// <param name="withFeatures">
    /// Say also what became of each true feature (<see cref="SaeEvaluation.Features"/>), which
    /// takes longer.
    /// </param>
    /// <param name="progress">Hears after each batch how many samples are done.</param>
    /// <param name="cancellation">Ends it after the batch in progress.</param>
    /// <exception cref="SynthSaeException">The SAE has another D than the model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public SaeEvaluation Evaluate(
        SyntheticModel model,
        long samples = 100_000,
        bool withFeatures = false,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Boundary.Run(() => SaeEvaluation.Of(Core.Scoring.Score(
            _settings,
            model.Loaded,
            Inference(),
            samples,
            ScoringBatch,
            withFeatures,
            Hear(progress, cancellation))));
    }

    /// <summary>Score it on activations of whose features nothing is known.</summary>
    /// <param name="activations">x (n, D), row after row; a multiple of D in length.</param>
    /// <param name="progress">Hears after each batch how many samples are done.</param>
    /// <param name="cancellation">Ends it after the batch in progress.</param>
    /// <exception cref="SynthSaeException">There are no activations.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public SaeEvaluation Evaluate(
        ReadOnlySpan<float> activations,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default)
    {
        var x = RowsOf(activations);
        return Boundary.Run(() => SaeEvaluation.Of(Core.Scoring.Score(
            _settings,
            new MatrixBatches(x),
            Inference(),
            x.Rows,
            ScoringBatch,
            Hear(progress, cancellation))));
    }

    /// <summary>
    /// The same SAE with the pruning threshold that activations suggest, without knowing their
    /// truth: where the scores of its active latents part in two, or none where they do not.
    /// </summary>
    /// <param name="activations">x (n, D), row after row; such as it was trained on.</param>
    /// <param name="progress">Hears after each batch how many samples are done.</param>
    /// <param name="cancellation">Ends it after the batch in progress.</param>
    /// <exception cref="SynthSaeException">
    /// The device fails, or memory does not suffice.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public SparseAutoencoder FindPruning(
        ReadOnlySpan<float> activations,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default)
    {
        var x = RowsOf(activations);
        var found = Boundary.Run(() => Pruning.Find(
            _settings,
            _sae,
            new MatrixBatches(x),
            x.Rows,
            ScoringBatch,
            Hear(progress, cancellation)));
        return WithPruning(found.Threshold);
    }

    private Matrix RowsOf(ReadOnlySpan<float> activations)
    {
        var rows = Shapes.Rows(activations.Length, HiddenDim, nameof(activations));
        var x = new Matrix(rows, HiddenDim);
        activations.CopyTo(x.Span);
        return x;
    }

    private static Action<long> Hear(IProgress<long>? progress, CancellationToken cancellation) =>
        done =>
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Report(done);
        };
}
