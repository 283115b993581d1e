namespace SynthSae;

/// <summary>
/// What happens in a run: <see cref="PhaseStarted"/>, <see cref="Progressed"/>,
/// <see cref="ScoringProgressed"/>, <see cref="Evaluated"/>, <see cref="Noted"/>,
/// <see cref="Skipped"/>, and last <see cref="Finished"/> or <see cref="Stopped"/>. There are no
/// other cases.
/// </summary>
public abstract record TrainingEvent
{
    private protected TrainingEvent()
    {
    }

    // Keeps others from deriving.
    internal abstract bool IsLast { get; }

    /// <summary>A phase begins.</summary>
    /// <param name="Phase">Which.</param>
    /// <param name="Description">In words.</param>
    public sealed record PhaseStarted(TrainingPhase Phase, string Description) : TrainingEvent
    {
        internal override bool IsLast => false;
    }

    /// <summary>
    /// So many steps are done. To a reader who is slower than the steps only the newest is told.
    /// </summary>
    /// <param name="Step">Steps taken.</param>
    /// <param name="Steps">Steps to take.</param>
    /// <param name="Samples">Samples seen.</param>
    /// <param name="Saes">Each SAE of the run after the step.</param>
    public sealed record Progressed(
        long Step, long Steps, long Samples, IReadOnlyList<SaeProgress> Saes) : TrainingEvent
    {
        internal override bool IsLast => false;
    }

    /// <summary>
    /// So many samples of a scoring are done; of these, too, only the newest is told.
    /// </summary>
    /// <param name="Done">Samples done, of all forms of all SAEs.</param>
    /// <param name="Samples">Samples to score on.</param>
    public sealed record ScoringProgressed(long Done, long Samples) : TrainingEvent
    {
        internal override bool IsLast => false;
    }

    /// <summary>An SAE was scored while training.</summary>
    /// <param name="Sae">Its place among the run's SAEs, from 0.</param>
    /// <param name="Step">Steps taken before.</param>
    /// <param name="Evaluation">The scores.</param>
    public sealed record Evaluated(int Sae, long Step, SaeEvaluation Evaluation) : TrainingEvent
    {
        internal override bool IsLast => false;
    }

    /// <summary>Something that the reader should know.</summary>
    /// <param name="Text">In words.</param>
    public sealed record Noted(string Text) : TrainingEvent
    {
        internal override bool IsLast => false;
    }

    /// <summary>
    /// So many of the oldest events were dropped here, because more than a thousand were waiting to
    /// be read.
    /// </summary>
    /// <param name="Count">How many.</param>
    public sealed record Skipped(long Count) : TrainingEvent
    {
        internal override bool IsLast => false;
    }

    /// <summary>The run has come to its end.</summary>
    /// <param name="Result">What came out.</param>
    public sealed record Finished(TrainingResult Result) : TrainingEvent
    {
        internal override bool IsLast => true;
    }

    /// <summary>
    /// The run was stopped before its end, with everything saved that it had reached.
    /// </summary>
    /// <param name="Result">What came out so far.</param>
    public sealed record Stopped(TrainingResult Result) : TrainingEvent
    {
        internal override bool IsLast => true;
    }
}
