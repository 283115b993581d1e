using SynthSae.Compute;
using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Runs;

namespace SynthSae.Store;

/// <summary>
/// Requests to a run: files in its folder <c>control/</c>, named by what is asked for. The run
/// looks for them five times a second and removes those that it obeys. They work wherever the
/// folder can be written to, also from another machine.
/// </summary>
internal static class Controls
{
    private static readonly RunRequest[] All = Enum.GetValues<RunRequest>();

    /// <summary>Ask a run for something.</summary>
    /// <exception cref="BadInput">The folder cannot be written to.</exception>
    public static void Send(RunFolder folder, RunRequest request) =>
        Files.WriteText(FileOf(folder, request), "");

    /// <summary>What a run has been asked for and has not obeyed yet.</summary>
    public static IReadOnlyList<RunRequest> Pending(RunFolder folder) =>
        Directory.Exists(folder.ControlFolder)
            ? [.. All.Where(request => File.Exists(FileOf(folder, request)))]
            : [];

    /// <summary>Take back all that a run has been asked for.</summary>
    public static void Clear(RunFolder folder)
    {
        foreach (var request in All)
        {
            Files.Delete(FileOf(folder, request));
        }
    }

    /// <summary>
    /// Obey requests until disposed of: <paramref name="obey"/> is called for each, on a thread of
    /// its own. Those of before are removed unheeded.
    /// </summary>
    public static IDisposable Watch(RunFolder folder, Action<RunRequest> obey) =>
        new ControlWatch(folder, obey);

    /// <summary>Remove a request; true if it was there and is now obeyed by the caller.</summary>
    internal static bool TryTake(RunFolder folder, RunRequest request)
    {
        try
        {
            var file = FileOf(folder, request);
            var there = File.Exists(file);
            File.Delete(file);
            return there;
        }
        catch (Exception error) when (ErrorReport.IsBadInput(error))
        {
            return false;
        }
    }

    private static string FileOf(RunFolder folder, RunRequest request) =>
        Path.Combine(folder.ControlFolder, request.ToString().ToLowerInvariant());
}
