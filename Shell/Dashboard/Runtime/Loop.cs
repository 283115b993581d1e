using System.Collections.Concurrent;
using System.Diagnostics;
using SynthSae.Hosting;
using SynthSae.Terminal;
using SynthSae.Terminal.Runtime;

namespace SynthSae.Dashboard.Runtime;

/// <summary>
/// Runs a dashboard on a terminal: one queue of messages, frames when something has changed and at
/// most ten a second, effects and subscriptions on other threads. An error of any of them is said
/// and logged, and the loop goes on.
/// </summary>
internal sealed class Loop
{
    private static readonly TimeSpan FrameTime = TimeSpan.FromMilliseconds(100);

    private readonly BlockingCollection<Msg> _queue = [];
    private readonly ITerminal _terminal;
    private readonly Session _session;
    private readonly Feeds _feeds;
    private readonly IReadOnlyList<IEffectHandler> _handlers;
    private readonly Action<Exception> _log;
    private readonly Dictionary<Subscription, Poller> _pollers = [];
    private Model _model;
    private long _drawn;
    private bool _changed = true;
    private volatile bool _quit;

    public Loop(
        ITerminal terminal,
        Model model,
        Feeds feeds,
        IReadOnlyList<IEffectHandler> handlers,
        Action<Exception> log)
    {
        (_terminal, _model, _feeds, _handlers, _log) = (terminal, model, feeds, handlers, log);
        _session = new Session(terminal, model.Context.Caps);
    }

    /// <summary>Hand in a message, from any thread.</summary>
    public void Post(Msg message)
    {
        if (!_quit)
        {
            _queue.Add(message);
        }
    }

    /// <summary>End, from any thread.</summary>
    public void End()
    {
        _quit = true;
        _queue.Add(new Msg.Resumed());
    }

    /// <summary>
    /// Give the terminal back at once, from any thread: the process is about to end.
    /// </summary>
    public void Abandon() => _session.Leave();

    /// <summary>Run until someone quits, or the terminal is gone.</summary>
    public void Run()
    {
        _session.Enter();
        var escape = TimeSpan.FromMilliseconds(_model.Context.Caps.Remote ? 120 : 40);
        var input = new InputReader(_terminal, escape, Post, End);
        try
        {
            Post(new Msg.Resized(_terminal.Size));
            while (!_quit && !_session.IsLost)
            {
                if (_queue.TryTake(out var message, UntilFrame()))
                {
                    Take(message);
                }

                if (_changed && UntilFrame() == 0 && _queue.Count == 0)
                {
                    Draw();
                }
            }
        }
        finally
        {
            _quit = true;
            input.Stop();
            foreach (var poller in _pollers.Values)
            {
                poller.Dispose();
            }

            _session.Leave();
        }
    }

    // Milliseconds until a frame may be drawn; for ever if there is nothing new.
    private int UntilFrame()
    {
        var left = FrameTime - Stopwatch.GetElapsedTime(_drawn);
        return !_changed ? Timeout.Infinite
            : _drawn == 0 || left <= TimeSpan.Zero ? 0
            : (int)Math.Ceiling(left.TotalMilliseconds);
    }

    private void Take(Msg message)
    {
        if (message is Msg.Resumed)
        {
            _session.Enter();
            message = new Msg.Resized(_terminal.Size);
        }

        try
        {
            (_model, var effects) = Update.Of(_model, message);
            _changed = true;
            Subscribe();
            Do(effects);
        }
        catch (Exception error)
        {
            Report(error);
        }
    }

    private void Subscribe()
    {
        var wanted = Subscriptions.Of(_model);
        foreach (var gone in _pollers.Keys.Where(one => !wanted.Contains(one)).ToList())
        {
            _pollers[gone].Dispose();
            _pollers.Remove(gone);
        }

        foreach (var added in wanted.Where(one => !_pollers.ContainsKey(one)))
        {
            var (interval, poll) = _feeds.Open(added);
            _pollers[added] = new Poller(interval, poll, Post, _log);
        }
    }

    private void Do(IReadOnlyList<Effect> effects)
    {
        var others = new List<Effect>();
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case Effect.Quit:
                    _quit = true;
                    break;
                case Effect.Suspend:
                    Suspend();
                    break;
                case Effect.Redraw:
                    _session.Forget();
                    break;
                default:
                    others.Add(effect);
                    break;
            }
        }

        if (others.Count > 0)
        {
            Task.Run(() => others.ForEach(Handle));
        }
    }

    private void Suspend()
    {
        _session.Leave();
        if (!_terminal.Stop())
        {
            Post(new Msg.Said("no shell is there to come back from", Tone.Warn));
        }

        Post(new Msg.Resumed());
    }

    private void Handle(Effect effect)
    {
        try
        {
            foreach (var handler in _handlers)
            {
                if (handler.Handle(effect) is { } messages)
                {
                    foreach (var message in messages)
                    {
                        Post(message);
                    }

                    return;
                }
            }

            throw new InvalidOperationException($"nobody does {effect.GetType().Name}");
        }
        catch (Exception error)
        {
            Report(error);
        }
    }

    // Not through Update: that may be what is broken.
    private void Draw()
    {
        _changed = false;
        _drawn = Stopwatch.GetTimestamp();
        Frame frame;
        try
        {
            frame = View.Of(_model);
        }
        catch (Exception error)
        {
            _log(error);
            frame = View.OfError(_terminal.Size, error.Message);
        }

        _session.Show(frame);
    }

    private void Report(Exception error)
    {
        if (!ErrorReport.IsBadInput(error))
        {
            _log(error);
        }

        Post(new Msg.Said(error.Message, Tone.Bad));
    }
}
