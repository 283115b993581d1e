namespace SynthSae.Dashboard.RunView;

/// <summary>What the screen of a run shows below its figures.</summary>
internal enum RunTab
{
    Charts,
    Scores,
    Spec,
    Log,
}
