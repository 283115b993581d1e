using SynthSae.Compute;
using SynthSae.Compute.Files;
using SynthSae.Core;
using SynthSae.Runs;
using SynthSae.Settings;
using SynthSae.Store;
using SynthSae.Supervision;
using Xunit;

namespace SynthSae.Tests.Supervision;

public sealed class QueueTests : IDisposable
{
    private static readonly string[] Wishes = ["cpu", "cuda", "cuda:3", "any"];

    private readonly TemporaryFolder _folder = new();
    private readonly StateFolder _state;
    private readonly Queue _queue;

    public QueueTests()
    {
        _state = new StateFolder(_folder.File("state"));
        _queue = new Queue(_state);
    }

    public void Dispose() => ((IDisposable)_folder).Dispose();

    [Fact]
    public void A_ticket_is_read_as_it_was_written()
    {
        foreach (var wish in Wishes.Select(text => DeviceWish.Parse(text)!))
        {
            var ticket = new Ticket("/a \"b\"/ü", wish, -3, long.MaxValue, "/w", 7, Anew: true);
            Assert.Equal(ticket, Ticket.Parse(ticket.ToJson().ToJsonString()));
            var plain = new Ticket("/a", wish, 0, 0, "/");
            Assert.Equal(plain, Ticket.Parse(plain.ToJson().ToJsonString()));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("""{"schema":1,"run":"/a","device":"cpu","priority":"high","order":1}""")]
    [InlineData("""{"schema":1,"run":"a","device":"cpu","priority":0,"order":1}""")]
    [InlineData("""{"schema":1,"run":"/a","device":"tpu","priority":0,"order":1}""")]
    [InlineData("""{"schema":2,"run":"/a","device":"cpu","priority":0,"order":1}""")]
    [InlineData("""{"schema":1,"run":"/a","device":"cpu","priority":0,"order":1.5}""")]
    public void A_damaged_ticket_is_none(string text) => Assert.Null(Ticket.Parse(text));

    [Fact]
    public void Wishes_are_what_they_were_read_from()
    {
        Assert.All(Wishes, text => Assert.Equal(text, DeviceWish.Parse(text)!.ToString()));
        Assert.All(
            ["", "gpu", "cuda:", "cuda:-1", "cuda:x"],
            text => Assert.Null(DeviceWish.Parse(text)));
    }

    [Fact]
    public void Slots_have_the_names_that_they_are_read_from()
    {
        foreach (var slot in new[] { new Slot(false, 0), new Slot(true, 12) })
        {
            Assert.Equal(slot, Slot.Parse(slot.Name));
        }

        Assert.All(["", "cpu", "cpu-", "cpu-x", "cuda:1"], name => Assert.Null(Slot.Parse(name)));
    }

    [Fact]
    public void A_prepared_run_says_that_it_is_queued_and_with_which_settings()
    {
        var run = Prepare(sweep: "width");
        var summary = RunReading.Read(run.Path, DateTime.UtcNow)!;
        Assert.Equal(RunStatus.Queued, summary.Status);
        Assert.Equal("width", summary.Sweep);
        Assert.Equal("any", summary.Snapshot.Device);
        Assert.Equal(100, summary.Snapshot.Steps);
        var settings = PreparedSettings.Read(run, "cpu", threads: 3);
        Assert.Equal(3, settings.Threads);
        Assert.Equal(17, settings.LogEvery);
        Assert.Null(settings.CacheFolder);
    }

    [Fact]
    public void A_run_waits_once_however_often_it_is_queued()
    {
        var run = Prepare();
        _queue.Enqueue(run, DeviceWish.Processor);
        _queue.Enqueue(run, DeviceWish.Processor, priority: 2);
        var ticket = Assert.Single(_queue.List().Tickets);
        Assert.Equal(2, ticket.Priority);
    }

    [Fact]
    public void A_run_that_is_taken_out_of_the_queue_says_why_it_rests()
    {
        var run = Prepare();
        _queue.Enqueue(run, DeviceWish.Processor);
        Assert.True(_queue.Dequeue(run, RunStatus.Paused));
        Assert.Equal(RunStatus.Paused, Background.Status(run));
        Assert.False(_queue.Holds(run.Path));
        Assert.False(_queue.Dequeue(run, RunStatus.Stopped));
        Assert.Equal(RunStatus.Paused, Background.Status(run));
    }

    [Fact]
    public void A_run_that_a_process_works_on_is_neither_queued_nor_taken_out_of_the_queue()
    {
        var run = Prepare();
        _queue.Enqueue(run, DeviceWish.Processor);
        using var held = FolderLock.Take(run.Path);
        Assert.Throws<BadInput>(() => _queue.Enqueue(run, DeviceWish.Processor));
        Assert.False(_queue.Dequeue(run, RunStatus.Stopped));
        Assert.False(_queue.TrySetPriority(run, 1));
        Assert.True(_queue.Holds(run.Path));
    }

    [Fact]
    public void Damaged_tickets_and_tickets_of_another_name_are_told_and_can_be_set_aside()
    {
        var run = Prepare();
        _queue.Enqueue(run, DeviceWish.Processor);
        var whole = _queue.FileOf(run.Path);
        var renamed = Path.Combine(_state.Queue, "renamed.json");
        var torn = Path.Combine(_state.Queue, "torn.json");
        File.Copy(whole, renamed);
        File.WriteAllText(torn, File.ReadAllText(whole)[..20]);
        var (tickets, damaged) = _queue.List();
        Assert.Single(tickets);
        Assert.Equal([renamed, torn], damaged.Order());
        Assert.All(damaged, file => Assert.True(File.Exists(_queue.SetAside(file))));
        Assert.Empty(_queue.List().Damaged);
    }

    private RunFolder Prepare(string? sweep = null)
    {
        var plan = RunSpecs.Load("tiny", [("training_samples", "102400")]);
        var settings = SettingsReader.Read(new Dictionary<string, string?>
        {
            ["runs"] = _folder.File("runs"),
            ["cache"] = "none",
            ["log_every"] = "17",
        });
        return RunPreparation.Prepare(plan, settings, DeviceWish.Any, sweep);
    }
}
