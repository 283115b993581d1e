using System.Collections.Concurrent;
using System.Text;
using SynthSae.Dashboard;
using SynthSae.Dashboard.Runtime;
using SynthSae.Store;
using SynthSae.Terminal;
using SynthSae.Terminal.Runtime;
using SynthSae.Tests.Terminal;
using Xunit;

namespace SynthSae.Tests.Dashboard;

public sealed class LoopTests : IDisposable
{
    private readonly FakeTerminal _terminal = new();
    private readonly FakeRuns _runs = new();
    private readonly ConcurrentQueue<Exception> _log = [];
    private readonly FakeHandler _handler = new();
    private Loop? _loop;
    private Task _running = Task.CompletedTask;

    public void Dispose() => _loop?.End();

    [Fact]
    public void It_draws_takes_keys_and_gives_the_terminal_back()
    {
        Start();
        _terminal.WaitFor("Runs 0");
        _terminal.Type("jj");
        _terminal.WaitFor("Runs 2");
        Assert.True(_terminal.IsRaw);
        _terminal.Type("q");
        Ends();
        Assert.False(_terminal.IsRaw);
        Assert.DoesNotContain("?1049", _terminal.Screen.Modes);
    }

    [Fact]
    public void A_lone_escape_is_a_key_after_a_moment()
    {
        Start();
        _terminal.WaitFor("Runs 0");
        _terminal.Type("\r");
        _terminal.WaitFor("Run 0");
        _terminal.Type("\e");
        _terminal.WaitFor("Runs 0");
    }

    [Fact]
    public void Nothing_new_is_no_byte()
    {
        Start(TimeSpan.FromMilliseconds(5));
        _terminal.WaitFor("Runs 0");
        _runs.Add("a", RunStatus.Running);
        _terminal.WaitFor("1 running");
        var before = _terminal.Screen.Bytes;
        var asked = _runs.Asked;
        Cli.waitFor("a hundred looks", FuncConvert(() => _runs.Asked > asked + 100));
        Assert.Equal(before, _terminal.Screen.Bytes);
    }

    [Fact]
    public void Many_changes_are_few_frames()
    {
        Start();
        _terminal.WaitFor("Runs 0");
        var before = _terminal.Writes;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        for (var index = 1; index <= 500; index++)
        {
            _terminal.Type("j");
        }

        _terminal.WaitFor("Runs 500");
        Assert.InRange(_terminal.Writes - before, 1, 2 + (int)(clock.Elapsed.TotalSeconds * 10));
    }

    [Fact]
    public void An_error_in_a_screen_is_said_and_logged_and_the_loop_goes_on()
    {
        Start();
        _terminal.WaitFor("Runs 0");
        _terminal.Type("x");
        _terminal.WaitFor("x is broken");
        Assert.Single(_log);
        _terminal.Type("j");
        _terminal.WaitFor("Runs 1");
    }

    [Fact]
    public void Errors_of_effects_and_of_reading_runs_are_said()
    {
        Start();
        _terminal.WaitFor("Runs 0");
        _handler.Problem = "no room on the disk";
        _terminal.Type("m");
        _terminal.WaitFor("no room on the disk");
        _runs.Problem = "the folder is gone";
        _terminal.WaitFor("the folder is gone");
        _runs.Problem = null;
        _runs.Add("a", RunStatus.Running);
        _terminal.WaitFor("1 running");
        Assert.Empty(_log);
    }

    [Fact]
    public void Suspending_gives_the_terminal_back_and_takes_it_again()
    {
        Start();
        _terminal.WaitFor("Runs 0");
        _terminal.Type("\x1a");
        Cli.waitFor("the stop", FuncConvert(() => _terminal.Stops == 1));
        Cli.waitFor("the return", FuncConvert(() => _terminal.IsRaw && _terminal.Screen.Modes.Contains("?1049")));
        Assert.False(_terminal.WasRawAtStop);
        _terminal.WaitFor("Runs 0");
    }

    [Fact]
    public void A_new_size_is_followed_at_once()
    {
        Start();
        _terminal.WaitFor("Runs 0");
        _terminal.Resize(new Size(44, 13));
        _loop!.Post(new Msg.Resized(_terminal.Size));
        Cli.waitFor("the new size", FuncConvert(() => _terminal.Screen.Lines()[12].Contains("q quit")));
    }

    [Fact]
    public void Losing_the_terminal_ends_the_view()
    {
        Start();
        _terminal.WaitFor("Runs 0");
        _terminal.IsGone = true;
        _terminal.Type("j");
        Ends();
    }

    [Fact]
    public void The_end_of_input_ends_the_view()
    {
        Start();
        _terminal.WaitFor("Runs 0");
        _terminal.EndInput();
        Ends();
        Assert.False(_terminal.IsRaw);
    }

    private static Microsoft.FSharp.Core.FSharpFunc<Microsoft.FSharp.Core.Unit, bool> FuncConvert(Func<bool> holds) =>
        Microsoft.FSharp.Core.FuncConvert.FromFunc(holds);

    private void Start(TimeSpan? interval = null)
    {
        var model = Model.Of(
            new Context { Size = _terminal.Size, Now = FakeRuns.Now },
            [new PlainScreen(ScreenId.Runs), new PlainScreen(ScreenId.Run)]) with
        {
            Interval = interval ?? TimeSpan.FromMilliseconds(20),
        };
        _loop = new Loop(_terminal, model, new Feeds(_runs, () => FakeRuns.Now), [_handler], _log.Enqueue);
        _running = Task.Run(_loop.Run);
    }

    private void Ends() => Assert.True(_running.Wait(TimeSpan.FromSeconds(30)));

    private sealed class FakeHandler : IEffectHandler
    {
        public string? Problem { get; set; }

        public IEnumerable<Msg>? Handle(Effect effect) => Problem is null ? [] : throw new IOException(Problem);
    }

    private sealed class FakeTerminal : ITerminal
    {
        private readonly BlockingCollection<byte[]> _typed = [];
        private readonly Lock _lock = new();

        public VirtualScreen Screen { get; private set; } = new(Size.Standard);

        public Size Size => Screen.Size;

        public bool IsRaw { get; private set; }

        public bool WasRawAtStop { get; private set; }

        public bool IsGone { get; set; }

        public int Writes { get; private set; }

        public int Stops { get; private set; }

        public void EnterRaw() => IsRaw = true;

        public void LeaveRaw() => IsRaw = false;

        public void Type(string text) => _typed.Add(Encoding.UTF8.GetBytes(text));

        public void EndInput() => _typed.CompleteAdding();

        public int Read(byte[] buffer, TimeSpan wait)
        {
            if (_typed.TryTake(out var bytes, wait))
            {
                bytes.CopyTo(buffer, 0);
                return bytes.Length;
            }

            return _typed.IsCompleted ? -1 : 0;
        }

        public void Write(string text)
        {
            if (IsGone)
            {
                throw new IOException("gone");
            }

            lock (_lock)
            {
                Writes++;
                Screen.Write(text);
            }
        }

        public bool Stop()
        {
            (WasRawAtStop, Stops) = (IsRaw, Stops + 1);
            return true;
        }

        public void Resize(Size size)
        {
            lock (_lock)
            {
                Screen = new VirtualScreen(size);
            }
        }

        public void WaitFor(string text) =>
            Cli.waitFor(text, FuncConvert(() =>
            {
                lock (_lock)
                {
                    return Screen.Lines().Any(line => line.Contains(text));
                }
            }));
    }
}
