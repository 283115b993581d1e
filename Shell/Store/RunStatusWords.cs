namespace SynthSae.Store;

/// <summary>
/// Names of <see cref="RunStatus"/> as files and people have them: queued, running, …
/// </summary>
internal static class RunStatusWords
{
    /// <summary>All names, in the order of the values.</summary>
    public static IReadOnlyList<string> All { get; } =
        [.. Enum.GetValues<RunStatus>().Select(Word)];

    /// <summary>The name.</summary>
    public static string Word(this RunStatus status) =>
        status switch
        {
            RunStatus.Queued => "queued",
            RunStatus.Running => "running",
            RunStatus.Paused => "paused",
            RunStatus.Stopped => "stopped",
            RunStatus.Interrupted => "interrupted",
            RunStatus.Finished => "finished",
            RunStatus.Failed => "failed",
            _ => throw new ArgumentOutOfRangeException(nameof(status)),
        };

    /// <summary>The status of that name; null if there is none.</summary>
    public static RunStatus? Find(string? word) =>
        Enum.GetValues<RunStatus>()
            .Select(status => (RunStatus?)status)
            .FirstOrDefault(status => status!.Value.Word() == word);

    /// <summary>Nothing more comes of it by itself, but it can go on.</summary>
    public static bool CanGoOn(this RunStatus status) =>
        status is RunStatus.Paused or RunStatus.Stopped or RunStatus.Interrupted
            or RunStatus.Failed;
}
