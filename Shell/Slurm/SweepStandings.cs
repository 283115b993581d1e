using SynthSae.Hosting;
using SynthSae.Store;
using SynthSae.Sweeps;

namespace SynthSae.Slurm;

/// <summary>Where the runs of a sweep stand that were given to Slurm.</summary>
internal sealed class SweepStandings
{
    /// <summary>Those of a sweep that was never given to Slurm.</summary>
    public static readonly SweepStandings None = new(null, null);

    private readonly SweepQueue? _queue;

    private SweepStandings(SweepQueue? queue, string? problem)
    {
        (_queue, Problem) = (queue, problem);
    }

    /// <summary>Why Slurm could not be asked; null if it could, or did not need to be.</summary>
    public string? Problem { get; }

    /// <summary>Ask Slurm after a sweep.</summary>
    public static SweepStandings Read(SweepFolder sweep, SlurmClient client)
    {
        var submissions = SubmissionFolder.Of(sweep).Submissions;
        if (submissions.Count == 0)
        {
            return None;
        }

        try
        {
            client.Check();
            return new SweepStandings(SweepQueue.Read(client, submissions), null);
        }
        catch (Exception error) when (ErrorReport.IsBadInput(error))
        {
            return new SweepStandings(null, error.Message);
        }
    }

    /// <summary>Where a run stands; null if Slurm has nothing to do with it, or cannot be
    ///   asked.</summary>
    public Standing? Of(string run, RunStatus? status, string? message) =>
        _queue?[run] is { } task ? Standing.Of(status, message, task) : null;

    /// <summary>What Slurm knows of a run.</summary>
    public RunInSlurm? Task(string run) => _queue?[run];
}
