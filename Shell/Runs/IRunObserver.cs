using SynthSae.Core;

namespace SynthSae.Runs;

/// <summary>
/// Told what a run does while it goes on; called on the run's thread, so it must be quick.
/// </summary>
internal interface IRunObserver
{
    /// <summary>A phase begins.</summary>
    void Phase(RunPhase phase, string what);

    /// <summary>Every SAE has taken a step; in their order.</summary>
    void Step(IReadOnlyList<StepProgress> saes);

    /// <summary>So many samples of a scoring are done.</summary>
    void Scoring(long done, long samples);

    /// <summary>An SAE was scored while training, after the given number of steps.</summary>
    void Evaluated(SaePlan sae, long step, Scores scores);

    /// <summary>An SAE was scored as it is trained, while training or at the end.</summary>
    void Scored(SaePlan sae, long step, Scores scores)
    {
    }

    /// <summary>Something that the reader should know.</summary>
    void Note(string text);
}
