using System.Diagnostics;
using System.Text.Json.Nodes;
using SynthSae.Runs;
using SynthSae.Store;
using SynthSae.Supervision;
using Xunit;

namespace SynthSae.Tests.Supervision;

/// <summary>Runs in the background as a user has them, in processes of their own.</summary>
public sealed class BackgroundRunTests : IDisposable
{
    // More than any test waits for.
    private const string Endless = "--samples=2G";

    private readonly Background _user = new(("SYNTHSAE_SUPERVISOR_IDLE", "1"));

    public void Dispose() => _user.Dispose();

    [Fact]
    public void A_run_in_the_background_is_that_of_the_foreground_and_then_all_processes_end()
    {
        var run = _user.Start("--samples", "100k", "--eval-samples", "4k", "--log-every", "50");
        _user.Await(run, RunStatus.Finished);
        Assert.Equal(["queued", "started"], Background.Events(run).Take(2));
        Assert.Equal(1, Background.Sittings(run));
        SameRun.InForeground(_user.Path, "--samples", "100k", "--eval-samples", "4k").Is(run);
        _user.WaitFor("the end of the supervisor", () => _user.Processes().Count == 0);
        Assert.Contains("trained on", File.ReadAllText(Workers.LogOf(run.Path)));
    }

    [Fact]
    public void Start_returns_while_the_run_goes_on_also_to_whoever_reads_from_it()
    {
        var program = typeof(Hosting.Host).Assembly.Location;
        var command = $"'dotnet' '{program}' start tiny {Endless} --cache none --json | cat";
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", command])
        {
            WorkingDirectory = _user.Path,
            RedirectStandardOutput = true,
            Environment = { [StateFolder.Variable] = _user.State.Path },
        })!;
        var run = Background.Started(shell.StandardOutput.ReadToEnd())[0];
        Assert.True(shell.WaitForExit(TimeSpan.FromSeconds(10)));
        _user.Await(run, RunStatus.Running);
        Assert.Equal(_user.Worker(run), Background.Look(run).Pid);
    }

    [Fact]
    public void A_worker_has_a_session_of_its_own_and_no_terminal()
    {
        var run = _user.Start(Endless);
        _user.Await(run, RunStatus.Running);
        var pid = Background.Look(run).Pid;
        var stat = File.ReadAllText($"/proc/{pid}/stat").Split(") ")[1].Split(' ');
        Assert.Equal($"{pid}", stat[3]); // session
        Assert.Equal("0", stat[4]); // terminal
        Assert.Equal(_user.Path, new DirectoryInfo($"/proc/{pid}/cwd").LinkTarget);
    }

    [Fact]
    public void A_supervisor_that_is_asked_to_end_does_so_and_its_workers_go_on()
    {
        var (run, next) = (_user.Start(Endless), _user.Start(Endless));
        _user.Await(run, RunStatus.Running);
        using (var kill = Process.Start("kill", ["-TERM", $"{_user.Supervisor()}"]))
        {
            kill.WaitForExit();
        }

        _user.WaitFor("its end", () => _user.Supervisor() is null);
        Assert.Equal(RunStatus.Running, Background.Status(run));
        Assert.Contains("no supervisor is there", _user.Try("ls").Error);
        _user.Do("supervise", "--detach");
        _user.Do("stop", run.Id);
        _user.Await(next, RunStatus.Running);
        Assert.DoesNotContain("supervisor", _user.Try("ls").Error);
    }

    [Fact]
    public void A_supervisor_whose_program_or_folder_is_gone_ends_and_loses_no_run()
    {
        var program = Path.Combine(_user.Path, "program");
        Copy(AppContext.BaseDirectory, program);
        var first = _user.Start(Endless);
        _user.Await(first, RunStatus.Running);
        _user.Kill(_user.Supervisor() ?? 0);
        using (var moved = _user.Launch(Path.Combine(program, "synthsae.dll"), "supervise"))
        {
            _user.WaitFor("the other one", () => Supervisors.Lives(_user.State));
            var next = _user.Start(Endless);
            Directory.Move(program, program + "-moved");
            Assert.True(moved.WaitForExit(TimeSpan.FromSeconds(20)));
            Assert.Equal(RunStatus.Queued, Background.Status(next));
            Assert.Equal(RunStatus.Running, Background.Status(first));
            _user.Do("stop", first.Id);
            _user.Do("supervise", "--detach");
            _user.Await(next, RunStatus.Running);
        }

        Directory.Move(_user.State.Path, _user.State.Path + "-moved");
        _user.WaitFor("the end of the supervisor", () => _user.Processes().Count == 1);
    }

    [Fact]
    public void Of_eight_starts_at_once_one_supervisor_stays_and_every_run_is_done_once()
    {
        var starts = Enumerable.Range(0, 8)
            .Select(seed => _user.Begin(
                "start", "tiny", "--cache", "none", "--samples", "20k", "--eval-samples", "1k",
                "--seed", $"{seed}", "--json"))
            .ToList();
        var runs = starts.Select(Cli.finish).Select(outcome =>
        {
            Assert.True(outcome.Code == 0, outcome.Error);
            return Background.Started(outcome.Out)[0];
        }).ToList();
        Assert.Equal(8, runs.Select(run => run.Path).Distinct().Count());
        runs.ForEach(run => _user.Await(run, RunStatus.Finished));
        Assert.All(runs, run => Assert.Equal(1, Background.Sittings(run)));
        Assert.Single(
            _user.Log().Split('\n'),
            line => line.Contains(" begins", StringComparison.Ordinal));
        // One slot: a run begins when the one before it has ended.
        var spans = runs.Select(Span).OrderBy(span => span.First).ToList();
        Assert.All(
            spans.Zip(spans.Skip(1)),
            pair => Assert.True(pair.First.Last < pair.Second.First));
    }

    [Fact]
    public void A_run_that_went_on_elsewhere_since_it_was_queued_is_not_begun_again()
    {
        var busy = _user.Start(Endless);
        _user.Await(busy, RunStatus.Running);
        var run = _user.Start(Endless);
        // Somebody lets it run in a terminal, and pauses it there.
        using (var here = _user.Begin("work", run.Path))
        {
            _user.WaitFor("steps", () => Background.Look(run).Step > 0);
            _user.Do("pause", run.Id);
            Assert.True(here.WaitForExit(TimeSpan.FromSeconds(10)));
        }

        var ticket = new Ticket(
            run.Path, DeviceWish.Processor, Priority: 0, Order: 0, Folder: _user.Path);
        File.WriteAllText(new Queue(_user.State).FileOf(run.Path), ticket.ToJson().ToJsonString());
        _user.Do("stop", busy.Id);
        _user.WaitFor("the ticket's end", () => !new Queue(_user.State).Holds(run.Path));
        Assert.Equal(RunStatus.Paused, Background.Status(run));
        Assert.Equal(1, Background.Sittings(run));
    }

    [Fact]
    public void With_two_slots_two_runs_go_on_at_once_on_half_of_the_processor_each()
    {
        using var user = new Background(("SYNTHSAE_CPU_SLOTS", "2"));
        var runs = new[] { user.Start(Endless), user.Start(Endless), user.Start(Endless) };
        user.Await(runs[0], RunStatus.Running);
        user.Await(runs[1], RunStatus.Running);
        var threads = Math.Max(1, Environment.ProcessorCount / 2);
        Assert.All(runs.Take(2), run => Assert.Equal(threads, Background.Look(run).Threads));
        Assert.Equal(RunStatus.Queued, Background.Status(runs[2]));
        Assert.Equal(2, SlotLock.Taken(user.State).Count);
    }

    [Fact]
    public void Runs_begin_by_priority_and_priorities_can_be_changed()
    {
        string[] brief = ["--samples", "20k", "--eval-samples", "1k"];
        var first = _user.Start(Endless);
        _user.Await(first, RunStatus.Running);
        var late = _user.Start([.. brief, "--priority", "-1"]);
        var usual = _user.Start(brief);
        var early = _user.Start(brief);
        _user.Do("priority", early.Id, "3");
        Assert.Equal(2, _user.Try("priority", first.Id, "3").Code);
        _user.Do("stop", first.Id);
        foreach (var run in new[] { early, usual, late })
        {
            _user.Await(run, RunStatus.Finished);
        }

        Assert.True(Span(early).Last < Span(usual).First);
        Assert.True(Span(usual).Last < Span(late).First);
    }

    [Fact]
    public void A_run_is_paused_and_resumed_and_comes_out_as_if_nothing_had_been()
    {
        string[] options = ["--samples", "3M", "--eval-samples", "4k"];
        var run = _user.Start(options);
        _user.WaitFor("steps", () => Background.Look(run).Step > 0);
        Assert.StartsWith($"{run.Id}: paused after step ", _user.Do("pause", run.Id));
        Assert.Equal(RunStatus.Paused, Background.Status(run));
        Assert.StartsWith($"{run.Id}: was paused", _user.Do("pause", run.Id));
        Assert.StartsWith($"{run.Id}: stopped", _user.Do("stop", run.Id));
        Assert.Contains("queued, from step", _user.Do("resume", run.Id));
        _user.Await(run, RunStatus.Finished);
        Assert.Equal(2, Background.Sittings(run));
        SameRun.InForeground(_user.Path, options).Is(run);
        Assert.Contains("has finished", _user.Try("resume", run.Id).Error);
        Assert.StartsWith($"{run.Id}: was finished", _user.Do("stop", run.Id));
    }

    [Fact]
    public void Runs_that_wait_are_stopped_and_paused_at_once_and_never_begin()
    {
        var busy = _user.Start(Endless);
        _user.Await(busy, RunStatus.Running);
        var stopped = _user.Start(Endless);
        var paused = _user.Start(Endless);
        _user.Do("stop", stopped.Id);
        _user.Do("pause", paused.Id);
        Assert.Equal(RunStatus.Stopped, Background.Status(stopped));
        Assert.Equal(RunStatus.Paused, Background.Status(paused));
        _user.Do("stop", "--all");
        Assert.Equal(RunStatus.Stopped, Background.Status(busy));
        _user.Do("resume", "--all");
        _user.Await(paused, RunStatus.Running);
        Assert.Equal(0, Background.Sittings(stopped));
    }

    [Fact]
    public void A_request_takes_effect_within_a_second()
    {
        var run = _user.Start(Endless);
        _user.WaitFor("steps", () => Background.Look(run).Step > 0);
        var start = Stopwatch.GetTimestamp();
        Controls.Send(run, RunRequest.Pause);
        _user.Await(run, RunStatus.Paused);
        // Twice over, since the machine may be busy with other tests.
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 2);
    }

    [Fact]
    public void What_cannot_be_queued_is_told_and_leaves_nothing()
    {
        var none = _user.Try("start", "tiny", "no-such-preset");
        Assert.Equal(2, none.Code);
        Assert.Contains("no-such-preset", none.Error);
        Assert.Contains("no option --sead", _user.Try("start", "tiny", "--sead", "1").Error);
        Assert.Contains("--device", _user.Try("start", "tiny", "--device", "cuda").Error);
        Assert.Contains("must be", _user.Try("start", "tiny", "--device", "tpu").Error);
        Assert.False(Directory.Exists(_user.RunsFolder));
        Assert.Empty(_user.Processes());
    }

    [Fact]
    public void A_run_that_cannot_begin_fails_and_the_next_one_has_the_slot()
    {
        var bad = _user.Do("start", "tiny", "--cache", "none", "--json", Endless,
            "--set", $"synthetic_model={_user.Path}/model");
        var good = _user.Start(Endless);
        var run = Background.Started(bad)[0];
        _user.Await(run, RunStatus.Failed);
        Assert.Contains("model", Background.Look(run).Message);
        _user.Await(good, RunStatus.Running);
    }

    [Fact]
    public void Damaged_tickets_and_deleted_runs_keep_no_other_from_its_turn()
    {
        var busy = _user.Start(Endless);
        _user.Await(busy, RunStatus.Running);
        var deleted = _user.Start(Endless);
        var next = _user.Start(Endless);
        Directory.Delete(deleted.Path, recursive: true);
        File.WriteAllText(Path.Combine(_user.State.Queue, "0.json"), "{\"schema\":1,");
        _user.Do("stop", busy.Id);
        _user.Await(next, RunStatus.Running);
        Assert.Equal(2, Directory.GetFiles(_user.State.Aside).Length);
        Assert.Contains("is damaged", _user.Log());
        Assert.Contains($"{deleted.Path} is gone", _user.Log());
    }

    [Fact]
    public void A_worker_whose_log_cannot_be_written_does_its_work()
    {
        var busy = _user.Start(Endless);
        _user.Await(busy, RunStatus.Running);
        var run = _user.Start("--samples", "50k", "--eval-samples", "1k");
        File.CreateSymbolicLink(Workers.LogOf(run.Path), "/dev/full");
        _user.Do("stop", busy.Id);
        _user.Await(run, RunStatus.Finished);
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        string[] endings = ["*.dll", "*.json"];
        foreach (var file in endings.SelectMany(ending => Directory.GetFiles(from, ending)))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    private static (DateTime First, DateTime Last) Span(RunFolder run)
    {
        var times = File.ReadLines(run.EventsFile)
            .Select(line => JsonNode.Parse(line)!)
            .SkipWhile(line => (string)line["event"]! != EventNames.Started)
            .Select(line => (DateTime)line["time"]!)
            .ToList();
        return (times[0], times[^1]);
    }
}
