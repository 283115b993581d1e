using SynthSae.Store;
using SynthSae.Terminal;

namespace SynthSae.Dashboard.RunList;

/// <summary>How the status of a run is shown: a letter, a word and a colour.</summary>
internal static class StatusLook
{
    /// <summary>One letter for where there is no room; each status has its own.</summary>
    public static char Letter(this RunStatus status) =>
        status switch
        {
            RunStatus.Queued => 'Q',
            RunStatus.Running => 'R',
            RunStatus.Paused => 'P',
            RunStatus.Stopped => 'S',
            RunStatus.Interrupted => 'I',
            RunStatus.Finished => 'F',
            _ => 'X',
        };

    /// <summary>At most five letters.</summary>
    public static string Brief(this RunStatus status) =>
        status switch
        {
            RunStatus.Queued => "queue",
            RunStatus.Running => "run",
            RunStatus.Paused => "pause",
            RunStatus.Stopped => "stop",
            RunStatus.Interrupted => "lost",
            RunStatus.Finished => "done",
            _ => "fail",
        };

    /// <summary>The colour that goes with the word.</summary>
    public static Style Style(this RunStatus status) =>
        status switch
        {
            RunStatus.Running => new Style(Colour.Accent, Bold: true),
            RunStatus.Finished => Terminal.Style.Good,
            RunStatus.Failed => Terminal.Style.Bad,
            RunStatus.Interrupted or RunStatus.Stopped or RunStatus.Paused => Terminal.Style.Warn,
            _ => Terminal.Style.Muted,
        };

    /// <summary>A process works on it or will.</summary>
    public static bool IsActive(this RunStatus status) =>
        status is RunStatus.Queued or RunStatus.Running;
}
