namespace SynthSae.Watching;

/// <summary>How runs are watched.</summary>
/// <param name="Run">Which; null for all.</param>
/// <param name="Once">Say how it stands, and no more.</param>
/// <param name="Json">As JSON, an object on a line.</param>
/// <param name="Interval">Between two looks.</param>
/// <param name="InPlace">On a terminal: what is new takes the place of what was.</param>
internal sealed record WatchOptions(
    string? Run, bool Once, bool Json, TimeSpan Interval, bool InPlace);
