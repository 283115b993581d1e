using System.Globalization;
using SynthSae.Compute;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Sweeps;

namespace SynthSae.Slurm;

/// <summary>
/// The folder of a sweep's jobs: of each the script NNN.sh, the record NNN.json and the logs
/// NNN-TASK.log.
/// </summary>
internal sealed class SubmissionFolder(string path)
{
    private const string ScriptEnd = ".sh";

    /// <summary>The folder.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>The jobs of a sweep, in its folder.</summary>
    public static SubmissionFolder Of(SweepFolder sweep) =>
        new(System.IO.Path.Combine(sweep.Path, "slurm"));

    /// <summary>Every job so far, the oldest first.</summary>
    public IReadOnlyList<Submission> Submissions =>
        [.. Scripts.OrderBy(NumberOf).Select(Read).OfType<Submission>()];

    /// <summary>
    /// Submit runs as one array job. What is known of it is written before Slurm hears of it, so
    /// that no job is lost when this program dies in between.
    /// </summary>
    /// <param name="client">Slurm.</param>
    /// <param name="options">What is asked of it.</param>
    /// <param name="name">The job's name.</param>
    /// <param name="command">The program and its arguments up to the run's folder.</param>
    /// <param name="runs">Ids and folders of the runs.</param>
    public Submission Submit(
        SlurmClient client,
        SlurmOptions options,
        string name,
        IReadOnlyList<string> command,
        IReadOnlyList<(string Id, string Folder)> runs)
    {
        var submission = new Submission(
            NextScript(), null, [.. runs.Select(run => run.Id)], Now());
        var script = submission.Script;
        Files.CreateFolder(Path);
        var arguments = options.Arguments(runs.Count, name, submission.LogPattern, script);
        Write(submission);
        Files.WriteText(
            script,
            JobScript.Text(command, [.. runs.Select(run => run.Folder)], ["sbatch", .. arguments]));
        var submitted = submission with { Job = Submit(client, arguments, submission) };
        Write(submitted);
        return submitted;
    }

    // A controller that answers too late may have taken the job all the same. As long as that is
    // not known, the record stays.
    private static long Submit(
        SlurmClient client, IReadOnlyList<string> arguments, Submission submission)
    {
        try
        {
            return client.Submit(arguments);
        }
        catch (BadInput)
        {
            if (client.JobOf(submission.Script) is { } job)
            {
                return job;
            }

            Files.Delete(submission.Script);
            Files.Delete(submission.RecordFile);
            throw;
        }
    }

    private string NextScript()
    {
        var last = Scripts.Select(NumberOf).DefaultIfEmpty().Max();
        return System.IO.Path.Combine(
            Path, (last + 1).ToString("000", CultureInfo.InvariantCulture) + ScriptEnd);
    }

    private IEnumerable<string> Scripts =>
        Directory.Exists(Path) ? Directory.EnumerateFiles(Path, $"*{ScriptEnd}") : [];

    private static int NumberOf(string script) =>
        int.TryParse(
            System.IO.Path.GetFileNameWithoutExtension(script),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var number)
            ? number
            : 0;

    private static Submission? Read(string script) =>
        File.Exists(Submission.RecordOf(script))
            ? Submission.TryRead(script, Files.ReadText(Submission.RecordOf(script)))
            : null;

    private static void Write(Submission submission) =>
        Files.WriteText(submission.RecordFile, Json.Pretty(submission.ToJson()));

    private static string Now() => Timestamps.Seconds(DateTime.UtcNow);
}
