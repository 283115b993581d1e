using SynthSae.Dashboard.Runtime;
using SynthSae.Hosting;
using SynthSae.Sweeps;

namespace SynthSae.Dashboard
{
    internal abstract partial record Effect
    {
        /// <summary>Read the table of a sweep.</summary>
        /// <param name="Sweep">The sweep's id.</param>
        /// <param name="Folder">Its folder.</param>
        public sealed record ReadSweep(string Sweep, string Folder) : Effect;
    }

    internal abstract partial record Msg
    {
        /// <summary>The table of a sweep.</summary>
        /// <param name="Sweep">The sweep's id.</param>
        /// <param name="Table">Null if it cannot be read.</param>
        /// <param name="Problem">Why not.</param>
        public sealed record SweepRead(string Sweep, SweepTable? Table, string? Problem) : Msg;
    }
}

namespace SynthSae.Dashboard.SweepView
{
    /// <summary>Reads the tables of sweeps.</summary>
    internal sealed class SweepEffects : IEffectHandler
    {
        public IEnumerable<Msg>? Handle(Effect effect) =>
            effect is Effect.ReadSweep { Sweep: var sweep, Folder: var folder }
                ? [Read(sweep, folder)]
                : null;

        private static Msg.SweepRead Read(string sweep, string path)
        {
            try
            {
                var folder = SweepFolder.Open(path);
                var table = SweepTable.Read(folder, SweepRecord.Read(folder));
                return new Msg.SweepRead(sweep, table, null);
            }
            catch (Exception error) when (ErrorReport.IsBadInput(error))
            {
                return new Msg.SweepRead(sweep, null, error.Message);
            }
        }
    }
}
