using SynthSae.Core;

namespace SynthSae.Runs;

/// <summary>Two who watch a run.</summary>
internal sealed class ObserverPair(IRunObserver first, IRunObserver second) : IRunObserver
{
    public void Phase(RunPhase phase, string what)
    {
        first.Phase(phase, what);
        second.Phase(phase, what);
    }

    public void Step(IReadOnlyList<StepProgress> saes)
    {
        first.Step(saes);
        second.Step(saes);
    }

    public void Scoring(long done, long samples)
    {
        first.Scoring(done, samples);
        second.Scoring(done, samples);
    }

    public void Evaluated(SaePlan sae, long step, Scores scores)
    {
        first.Evaluated(sae, step, scores);
        second.Evaluated(sae, step, scores);
    }

    public void Scored(SaePlan sae, long step, Scores scores)
    {
        first.Scored(sae, step, scores);
        second.Scored(sae, step, scores);
    }

    public void Note(string text)
    {
        first.Note(text);
        second.Note(text);
    }
}
