namespace SynthSae.Dashboard;

/// <summary>The screens, in the order of their keys 1, 2, …</summary>
internal enum ScreenId
{
    Runs,
    Run,
    Compare,
    Features,
    Sweep,
    NewRun,
}
