using SynthSae.Api;
using SynthSae.Core;
using SynthSae.Settings;
using SynthSae.Store;
using SynthSae.Supervision;

namespace SynthSae;

public sealed partial class RunDirectory
{
    /// <summary>
    /// Queue a run into the background. Each device executes one run at a time, in a process of its
    /// own that outlives this one and the terminal; the user's supervisor, started where none
    /// lives, sees to that, with the user's settings (docs/cli.md). A program that is published as
    /// a single file cannot do this.
    /// </summary>
    /// <param name="specification">What to run.</param>
    /// <param name="options">
    /// How to execute it, on this machine whenever its turn comes. <see cref="ComputeDevice.Any"/>
    /// takes whatever is free first; <see cref="TrainingOptions.RunsFolder"/> is this folder
    /// whatever it says.
    /// </param>
    /// <param name="priority">Higher ones come first.</param>
    /// <returns>The run, which waits.</returns>
    /// <exception cref="SpecificationException">
    /// The specification breaks rules; all are listed.
    /// </exception>
    /// <exception cref="SynthSaeException">A folder or the device cannot be used.</exception>
    public RunInfo Start(
        RunSpecification specification, TrainingOptions? options = null, int priority = 0)
    {
        ArgumentNullException.ThrowIfNull(specification);
        var how = (options ?? new()) with { RunsFolder = Folder };
        return Boundary.Run(() =>
        {
            var settings = ProgramSettings.Of(how, keeps: true);
            var wish = Wish(how.Compute.Device);
            var plan = RunSpecs.Plan(
                specification.Name, specification.Name, specification.ToCore());
            var folder = RunPreparation.Prepare(plan, settings, wish, at: how.RunFolder);
            var state = StateFolder.OfUser();
            new Queue(state).Enqueue(folder, wish, priority, how.Compute.Threads);
            Supervise(state);
            return RunInfo.Of(_store.Get(folder.Path));
        });
    }

    /// <summary>
    /// Queue a run again that was stopped or paused, has failed, or whose process has died: it goes
    /// on from its newest checkpoint, or begins anew where it has none.
    /// </summary>
    /// <param name="name">As for <see cref="Find"/>.</param>
    /// <param name="priority">Higher ones come first.</param>
    /// <returns>The run, which waits.</returns>
    /// <exception cref="SynthSaeException">It goes on, waits already, or has finished.</exception>
    public RunInfo Resume(string name, int priority = 0) =>
        Boundary.Run(() =>
        {
            var run = _store.Get(name);
            var state = StateFolder.OfUser();
            Resuming.Resume(new Queue(state), run, null, priority);
            Supervise(state);
            return RunInfo.Of(_store.Get(run.Folder));
        });

    /// <summary>
    /// End a run behind a checkpoint, whichever process works on it; one that waits leaves the
    /// queue. <see cref="Resume"/> goes on with it.
    /// </summary>
    /// <param name="name">As for <see cref="Find"/>.</param>
    /// <param name="cancellation">Ends the waiting; the run is stopped nevertheless.</param>
    /// <returns>The run as it is once no process works on it.</returns>
    /// <exception cref="SynthSaeException">There is no such run, or it cannot be asked.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Task<RunInfo> StopAsync(string name, CancellationToken cancellation = default) =>
        EndAsync(name, RunRequest.Stop, cancellation);

    /// <summary>The same as <see cref="StopAsync"/>, but the run counts as paused.</summary>
    /// <param name="name">As for <see cref="Find"/>.</param>
    /// <param name="cancellation">Ends the waiting; the run is paused nevertheless.</param>
    /// <returns>The run as it is once no process works on it.</returns>
    /// <exception cref="SynthSaeException">There is no such run, or it cannot be asked.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Task<RunInfo> PauseAsync(string name, CancellationToken cancellation = default) =>
        EndAsync(name, RunRequest.Pause, cancellation);

    private async Task<RunInfo> EndAsync(
        string name, RunRequest request, CancellationToken cancellation)
    {
        var run = Get(name);
        var ending = Boundary.Run(() =>
            new Ending(new Queue(StateFolder.OfUser()), run.Open(), request));
        while (true)
        {
            Boundary.Run(ending.Advance);
            if (ending.IsDone)
            {
                return Boundary.Run(() => RunInfo.Of(_store.Get(run.Folder)));
            }

            await Task.Delay(Following.Soon, cancellation).ConfigureAwait(false);
        }
    }

    // The supervisor is the user's, whichever program starts it: so are its settings.
    private static void Supervise(StateFolder state) =>
        Supervisors.Ensure(state, SettingsReader.Read(new Dictionary<string, string?>()));

    // A wish that no device of the machine can fulfil would wait for ever.
    private static DeviceWish Wish(ComputeDevice device)
    {
        var wish = device == ComputeDevice.Reference ? DeviceWish.Processor
            : DeviceWish.Parse(device.Name)
                ?? throw Failure.BadInput("device", $"must be {DeviceWish.Forms} (got {device})");
        return wish.Cpu || MachineSlots.Gpus().Any(wish.Fits)
            ? wish
            : throw Failure.BadInput("device", $"no GPU of this machine will do (wanted {wish})");
    }
}
