using System.Runtime.InteropServices;
using SynthSae.Core;
using SynthSae.Hosting;

namespace SynthSae.Slurm;

/// <summary>
/// The work of a task that Slurm warns by SIGUSR1 before it has to go: because another job takes
/// its place, or its time is over. A task that ended by itself on the warning would not be run
/// again, and one that is out of time would not be either. So it saves, asks to be queued again,
/// and idles until Slurm ends it.
/// </summary>
/// <param name="commands">Slurm's commands.</param>
/// <param name="log">Where it says what it does.</param>
/// <param name="patience">How long it idles; after that nobody seems to want its place.</param>
internal sealed class WarnedTask(ICommands commands, TextWriter log, TimeSpan patience)
{
    /// <summary>Longer than any cluster leaves between the warning and the end.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    /// <summary>This process as a task.</summary>
    public static WarnedTask OfProcess(TextWriter log) =>
        new(new ProcessCommands(ProcessCommands.Patience), log, Patience);

    private const PosixSignal User1 = (PosixSignal)10; // as Linux numbers it

    private const nint Default = 0; // SIG_DFL

    /// <summary>Do the work, and return its exit code.</summary>
    /// <param name="work">Gets what is cancelled by the warning; it returns
    ///   <see cref="ExitCode.Terminated"/> if it can go on later.</param>
    public int Execute(Func<CancellationToken, int> work)
    {
        using var warned = new CancellationTokenSource();
        using var ended = new ManualResetEventSlim();
        // The job's script has it ignored until somebody listens; the runtime would leave it so.
        _ = SetAction((int)User1, Default);
        using var onWarning = PosixSignalRegistration.Create(User1, context =>
        {
            context.Cancel = true;
            warned.Cancel();
        });
        using var onEnd = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            ended.Set();
        });
        var code = work(warned.Token);
        if (code == ExitCode.Terminated && warned.IsCancellationRequested && !ended.IsSet)
        {
            Requeue();
            ended.Wait(patience);
        }

        return code;
    }

    // Where Slurm does not queue it again, it may still end it, and queue it again then.
    private void Requeue()
    {
        try
        {
            if (SlurmTaskId.OfEnvironment(commands.Variable) is { } task)
            {
                new SlurmClient(commands).Requeue(task);
                log.WriteLine("warned by Slurm: saved, and queued again");
            }
        }
        catch (Exception error) when (ErrorReport.IsBadInput(error))
        {
            log.WriteLine($"warned by Slurm: saved; not queued again: {error.Message}");
        }
    }

    [DllImport("libc", EntryPoint = "signal")]
    private static extern nint SetAction(int number, nint action);
}
