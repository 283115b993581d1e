using SynthSae.Dashboard;
using SynthSae.Dashboard.Actions;
using SynthSae.Runs;
using SynthSae.Settings;
using SynthSae.Store;
using SynthSae.Supervision;
using Xunit;

namespace SynthSae.Tests.Dashboard;

public sealed class RunActionsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RunStore _store;
    private readonly StateFolder _state;
    private readonly RunActions _actions;

    public RunActionsTests()
    {
        _store = new RunStore(_folder.File("runs"));
        _state = new StateFolder(_folder.File("state"));
        var settings = SettingsReader.Read(new Dictionary<string, string?>
        {
            [SettingNames.Runs.Name] = _store.Folder,
        });
        _actions = new RunActions(_store, _state, settings);
    }

    public void Dispose() => ((IDisposable)_folder).Dispose();

    [Fact]
    public void What_waits_is_stopped_queued_again_moved_and_deleted()
    {
        var id = Queued();
        Assert.Contains("priority 1", Said(new Effect.Act(RunAction.Sooner, [id])));
        Assert.Contains("priority 0", Said(new Effect.Act(RunAction.Later, [id])));
        Assert.Contains("stopped", Said(new Effect.Act(RunAction.Stop, [id])));
        Assert.Equal(RunStatus.Stopped, _store.Get(id).Status);
        Assert.Contains("does not wait", Said(new Effect.Act(RunAction.Sooner, [id])));
        Assert.Contains("deleted", Said(new Effect.Act(RunAction.Remove, [id])));
        Assert.Null(_store.Find(id));
    }

    [Fact]
    public void Tags_are_added_and_taken_away()
    {
        var id = Queued();
        Assert.Contains("one two", Said(new Effect.Tag([id], "two one")));
        Said(new Effect.Tag([id], "-one three"));
        Assert.Equal(["three", "two"], _store.Get(id).Labels.Tags);
    }

    [Fact]
    public void A_refusal_is_told_and_keeps_no_other_run_from_its_due()
    {
        var id = Queued();
        Assert.Contains("nosuch", Said(new Effect.Tag(["nosuch", id], "good")));
        Assert.Equal(["good"], _store.Get(id).Labels.Tags);
    }

    [Fact]
    public void A_supervisor_is_missed_only_by_runs_that_wait()
    {
        Assert.True(Seen());
        Queued();
        Assert.False(Seen());
    }

    [Fact]
    public void Specifications_are_read_by_their_paths()
    {
        var id = Queued();
        var read = Assert.IsType<Msg.SpecsRead>(
            _actions.Handle(new Effect.ReadSpecs([id]))!.Single());
        Assert.Contains("sae.k", read.Specs[id].Keys);
    }

    [Fact]
    public void Effects_of_others_are_left_to_them() =>
        Assert.Null(_actions.Handle(new Effect.Quit()));

    private bool Seen() =>
        Assert.IsType<Msg.SupervisorSeen>(
            _actions.Handle(new Effect.LookForSupervisor())!.Single()).Lives;

    private string Said(Effect effect) =>
        Assert.IsType<Msg.Said>(_actions.Handle(effect)!.Last()).Text;

    // A run in the queue, and nobody to begin it.
    private string Queued()
    {
        var settings = SettingsReader.Read(new Dictionary<string, string?>
        {
            [SettingNames.Runs.Name] = _store.Folder,
        });
        var plan = Core.RunSpecs.Load("small", []);
        var folder = RunPreparation.Prepare(plan, settings);
        new Queue(_state).Enqueue(folder, DeviceWish.Processor);
        return folder.Id;
    }
}
