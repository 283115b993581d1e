using SynthSae.Dashboard;
using SynthSae.Dashboard.Runtime;
using SynthSae.Terminal;
using SynthSae.Terminal.Input;

namespace SynthSae.Tests.Dashboard;

/// <summary>
/// The dashboard without a terminal: keys are typed, time goes on when the test says so, effects are
/// done at once by the handlers or else noted.
/// </summary>
internal sealed class Driver
{
    private readonly Feeds _feeds;
    private readonly IReadOnlyList<IEffectHandler> _handlers;
    private readonly Dictionary<Subscription, (TimeSpan Interval, Func<IEnumerable<Msg>> Poll, DateTime Next)> _open = [];
    private DateTime _now = FakeRuns.Now;

    public Driver(
        IRunSource source, Context context, IReadOnlyList<Screen> screens, params IReadOnlyList<IEffectHandler> handlers)
    {
        _feeds = new Feeds(source, () => _now);
        _handlers = handlers;
        Model = Model.Of(context with { Now = _now }, screens);
        Send(new Msg.Resized(context.Size));
        Wait(TimeSpan.Zero);
    }

    /// <summary>As it is now.</summary>
    public Model Model { get; set; }

    /// <summary>Effects that no handler has taken.</summary>
    public List<Effect> Left { get; } = [];

    /// <summary>What is seen now.</summary>
    public Frame Frame => View.Of(Model);

    /// <summary>The same as text.</summary>
    public string Text => Frame.ToString();

    /// <summary>Press keys, named as in <see cref="Key.Parse"/>, separated by spaces.</summary>
    public Driver Press(string keys)
    {
        foreach (var key in Key.ParseAll(keys))
        {
            Send(new Msg.Pressed(key));
        }

        return this;
    }

    /// <summary>Type a text, letter by letter.</summary>
    public Driver Type(string text)
    {
        foreach (var letter in text)
        {
            Send(new Msg.Pressed(Key.Of(letter)));
        }

        return this;
    }

    /// <summary>Change the size of the terminal.</summary>
    public Driver Resize(int columns, int rows)
    {
        Send(new Msg.Resized(new Size(columns, rows)));
        return this;
    }

    /// <summary>Let time go on; subscriptions are asked when it is their time.</summary>
    public Driver Wait(TimeSpan span)
    {
        var end = _now + span;
        Subscribe();
        while (_open.Count > 0 && _open.MinBy(one => one.Value.Next) is var next && next.Value.Next <= end)
        {
            _now = next.Value.Next > _now ? next.Value.Next : _now;
            _open[next.Key] = next.Value with { Next = _now + next.Value.Interval };
            foreach (var message in next.Value.Poll())
            {
                Send(message);
            }
        }

        _now = end;
        return this;
    }

    /// <summary>Let some seconds pass.</summary>
    public Driver Wait(double seconds) => Wait(TimeSpan.FromSeconds(seconds));

    /// <summary>Give it a message.</summary>
    public Driver Send(Msg message)
    {
        (Model, var effects) = Update.Of(Model, message);
        foreach (var effect in effects)
        {
            if (_handlers.Select(handler => handler.Handle(effect)).FirstOrDefault(done => done is not null) is { } messages)
            {
                foreach (var answer in messages)
                {
                    Send(answer);
                }
            }
            else
            {
                Left.Add(effect);
            }
        }

        Subscribe();
        return this;
    }

    private void Subscribe()
    {
        var wanted = Subscriptions.Of(Model);
        foreach (var gone in _open.Keys.Where(one => !wanted.Contains(one)).ToList())
        {
            _open.Remove(gone);
        }

        foreach (var added in wanted.Where(one => !_open.ContainsKey(one)))
        {
            var (interval, poll) = _feeds.Open(added);
            _open[added] = (interval, poll, _now);
        }
    }
}
