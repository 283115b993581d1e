using SynthSae.Compute.Cuda;
using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Progress;
using SynthSae.Store;

namespace SynthSae.Runs;

/// <summary>
/// Keeps <c>status.json</c> of a run up to date: at once when the phase changes, else every second.
/// It has a thread of its own, and no failure of it harms the run.
/// </summary>
internal sealed class StatusWriter : IRunObserver, IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly RunFolder _folder;
    private readonly ProgressTracker _tracker;
    private readonly StatusFigures _figures;
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private volatile bool _done;

    /// <summary>The run begins: it says so before this returns.</summary>
    public StatusWriter(RunStart start)
    {
        _folder = start.Folder;
        _tracker = new ProgressTracker([.. start.Plan.Saes.Select(sae => sae.Latents)]);
        _figures = new StatusFigures(start);
        Write(_figures.Now(null));
        _thread = new Thread(Keep) { IsBackground = true, Name = "status" };
        _thread.Start();
    }

    public void Phase(RunPhase phase, string what)
    {
        _tracker.Phase(phase, what);
        _wake.Set();
    }

    public void Step(IReadOnlyList<StepProgress> saes)
    {
        _tracker.Step(saes);
        _figures.Last = saes;
    }

    public void Scoring(long done, long samples) => _tracker.Scoring(done, samples);

    public void Evaluated(SaePlan sae, long step, Scores scores)
    {
        // Scored says the same.
    }

    public void Scored(SaePlan sae, long step, Scores scores) => _figures.Score(sae, step, scores);

    public void Note(string text)
    {
        // The log has it.
    }

    /// <summary>The run computes on a GPU.</summary>
    public void On(Gpu gpu) => _figures.Gpu = gpu;

    /// <summary>The run has ended, having trained at this pace if that is known.</summary>
    public void End(RunStatus status, double samplesPerSecond) =>
        Conclude(now => now with
        {
            Status = status,
            SamplesPerSecond = Math.Round(samplesPerSecond, 1),
        });

    /// <summary>The run has failed.</summary>
    public void Fail(string message) =>
        Conclude(now => now with { Status = RunStatus.Failed, Message = message });

    public void Dispose()
    {
        Halt();
        _wake.Dispose();
    }

    private void Conclude(Func<RunSnapshot, RunSnapshot> end)
    {
        Halt();
        Write(end(_figures.Now(_tracker.Snapshot()) with
        {
            Phase = "",
            What = "",
            SamplesPerSecond = double.NaN,
            SecondsLeft = double.NaN,
            ScoringShare = 0,
            CpuShare = double.NaN,
            GpuShare = double.NaN,
        }));
    }

    private void Halt()
    {
        if (!_done)
        {
            _done = true;
            _wake.Set();
            _thread.Join();
        }
    }

    private void Keep()
    {
        while (!_done)
        {
            _wake.WaitOne(Interval);
            if (!_done)
            {
                Write(_figures.Now(_tracker.Snapshot()));
            }
        }
    }

    // A full disk costs the status, not the run; a folder that was deleted stays so.
    private void Write(RunSnapshot snapshot)
    {
        try
        {
            if (File.Exists(_folder.RunFile))
            {
                StatusFile.Write(_folder, snapshot);
            }
        }
        catch (Exception error) when (ErrorReport.IsBadInput(error))
        {
            // Readers find the rest in the log.
        }
    }
}
