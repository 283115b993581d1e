namespace SynthSae.Store.Filtering;

/// <summary>How far a run is.</summary>
internal static class RunProgress
{
    /// <summary>
    /// Share of its steps that are taken, from 0 to 1; of training, without scoring.
    /// </summary>
    public static double Share(RunSnapshot run) =>
        run.Status == RunStatus.Finished ? 1
        : run.Steps > 0 ? Math.Clamp((double)run.Step / run.Steps, 0, 1)
        : 0;
}
