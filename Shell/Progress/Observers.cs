using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Runs;

namespace SynthSae.Progress;

/// <summary>Chooses how progress is shown.</summary>
internal static class Observers
{
    /// <summary>
    /// Live on a terminal, lines in a file or pipe, nothing when quiet; of SAEs of these widths.
    /// </summary>
    public static IRunObserver For(Host host, IReadOnlyList<int> latents, bool quiet) =>
        quiet ? new Silent()
        : host.ErrorIsTerminal ? new LiveDisplay(host.Error, latents, host.Colour)
        : new PlainLog(host.Error, latents);

    /// <summary>
    /// Live on a terminal, nothing elsewhere: for commands that are mostly quick.
    /// </summary>
    public static IRunObserver OnTerminal(Host host) => For(host, [], quiet: !host.ErrorIsTerminal);

    private sealed class Silent : IRunObserver
    {
        public void Phase(RunPhase phase, string what)
        {
        }

        public void Step(IReadOnlyList<StepProgress> saes)
        {
        }

        public void Scoring(long done, long samples)
        {
        }

        public void Evaluated(SaePlan sae, long step, Scores scores)
        {
        }

        public void Note(string text)
        {
        }
    }
}
