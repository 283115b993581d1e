namespace SynthSae.Runs;

/// <summary>
/// Told what a run does while it goes on; called on the run's thread, so it must be quick.
/// </summary>
public interface IRunObserver
{
    /// <summary>A phase begins.</summary>
    void Phase(RunPhase phase, string what);

    /// <summary>A step was taken.</summary>
    void Step(StepProgress progress);

    /// <summary>So many samples of a scoring are done.</summary>
    void Scoring(long done, long samples);

    /// <summary>The SAE was scored while training, after the given number of steps.</summary>
    void Evaluated(long step, Scores scores);

    /// <summary>Something that the reader should know.</summary>
    void Note(string text);
}
