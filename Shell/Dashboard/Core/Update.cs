using SynthSae.Store;
using SynthSae.Terminal.Input;

namespace SynthSae.Dashboard;

/// <summary>What a message makes of the model, and what is to be done then.</summary>
internal static class Update
{
    /// <summary>Most runs that are compared.</summary>
    public const int MostMarked = 8;

    private static readonly TimeSpan NoticeTime = TimeSpan.FromSeconds(6);

    /// <summary>The next model; effects that are left are for the edge.</summary>
    public static (Model Model, IReadOnlyList<Effect> Effects) Of(Model model, Msg message)
    {
        switch (message)
        {
            case Msg.Pressed { Key: var key }:
                return Press(model, key);
            case Msg.Pasted or Msg.Moused:
                return message is Msg.Moused { Press.Action: not MouseAction.Click } wheel
                    ? Press(model, Wheel(wheel))
                    : Give(model, model.Top, message);
            case Msg.Typed or Msg.Entered or Msg.Shown:
                return Give(model, model.Screen, message);
            default:
                return Spread(Note(model, message), message);
        }
    }

    // What all layers know.
    private static Model Note(Model model, Msg message)
    {
        var context = model.Context;
        return message switch
        {
            Msg.Resized { Size: var size } => model with { Context = context with { Size = size } },
            Msg.Tick { Now: var now } =>
                Expire(model with { Context = context with { Now = now } }),
            Msg.Said { Text: var text, Tone: var tone } => Say(model, text, tone),
            Msg.RunsRead { Runs: var runs } => model with { Context = Keep(context, runs) },
            Msg.HistoryRead { Run: var run, Curves: var curves } => WithData(model, data =>
                data with { Histories = data.Histories.SetItem(run, curves) }),
            Msg.SpecRead { Run: var run, Spec: var spec } => WithData(model, data =>
                data with { Specs = data.Specs.SetItem(run, spec) }),
            _ => model,
        };
    }

    private static Model WithData(Model model, Func<RunData, RunData> change) =>
        model with { Context = model.Context with { Data = change(model.Context.Data) } };

    // Runs that are gone are neither chosen nor marked.
    private static Context Keep(Context context, IReadOnlyList<RunSummary> runs)
    {
        var data = context.Data.With(runs, context.Now);
        return context with
        {
            Data = data,
            Chosen = data.Find(context.Chosen)?.Id,
            Marked = [.. context.Marked.Where(run => data.Find(run) is not null)],
        };
    }

    private static Model Expire(Model model) =>
        model.Notice is { } notice && notice.Until <= model.Context.Now
            ? model with { Notice = null }
            : model;

    private static Model Say(Model model, string text, Tone tone) =>
        model with { Notice = new Notice(text, tone, model.Context.Now + NoticeTime) };

    // All screens and layers hear of what comes from outside.
    private static (Model, IReadOnlyList<Effect>) Spread(Model model, Msg message)
    {
        var effects = new List<Effect>();
        foreach (var id in model.Screens.Keys)
        {
            model = Collect(Give(model, model.Screens[id], message), effects);
        }

        foreach (var layer in model.Layers)
        {
            model = Collect(Give(model, layer, message), effects);
        }

        return (model, effects);
    }

    private static Model Collect(
        (Model Model, IReadOnlyList<Effect> Effects) step, List<Effect> effects)
    {
        effects.AddRange(step.Effects);
        return step.Model;
    }

    private static (Model, IReadOnlyList<Effect>) Give(Model model, Layer layer, Msg message) =>
        Apply(model, layer, layer.Update(message, model.Context));

    private static (Model, IReadOnlyList<Effect>) Press(Model model, Key key)
    {
        var top = model.Top;
        if (KeyTable.Find(model, key) is not var (binding, owner))
        {
            return Give(model, top, new Msg.Pressed(key));
        }

        return binding.Unless is { } reason
            ? (Say(model, $"{key}: {reason}", Tone.Warn), [])
            : Apply(model with { Notice = null }, owner, binding.Act());
    }

    private static Key Wheel(Msg.Moused wheel) =>
        new(wheel.Press.Action == MouseAction.WheelUp ? KeyCode.Up : KeyCode.Down);

    private static (Model, IReadOnlyList<Effect>) Apply(Model model, Layer? before, Step step)
    {
        model = Replace(model, before, step.Layer);
        var left = new List<Effect>();
        foreach (var effect in step.Effects)
        {
            model = Collect(Obey(model, effect), left);
        }

        return (model, left);
    }

    private static Model Replace(Model model, Layer? before, Layer after) =>
        ReferenceEquals(before, after) || before is null ? model
        : after is Screen screen ? model.With(screen)
        : model with
        {
            Layers =
            [
                .. model.Layers
                    .Reverse()
                    .Select(layer => ReferenceEquals(layer, before) ? after : layer),
            ],
        };

    // What concerns the model alone is done here.
    private static (Model, IReadOnlyList<Effect>) Obey(Model model, Effect effect)
    {
        var context = model.Context;
        return effect switch
        {
            Effect.Go { Screen: var screen } => Go(model, screen),
            Effect.Back when !model.Before.IsEmpty => Enter(
                model with { Before = model.Before.Pop() }, model.Before.Peek()),
            Effect.Back => (model, []),
            Effect.Show { Layer: var layer } => (
                model with { Layers = model.Layers.Push(layer) }, []),
            Effect.Close => (
                model.Layers.IsEmpty ? model : model with { Layers = model.Layers.Pop() }, []),
            Effect.Say { Text: var text, Tone: var tone } => (Say(model, text, tone), []),
            Effect.Choose { Run: var run } => (
                model with { Context = context with { Chosen = run } }, []),
            Effect.Mark { Runs: var runs } => (
                model with { Context = context with { Marked = [.. runs.Take(MostMarked)] } }, []),
            Effect.Post { Message: var message } => Of(model, message),
            Effect.Set { Settings: var settings } => (
                model with { Context = context with { Settings = settings } }, [effect]),
            _ => (model, [effect]),
        };
    }

    private static (Model, IReadOnlyList<Effect>) Go(Model model, ScreenId screen) =>
        screen == model.Active || !model.Screens.ContainsKey(screen)
            ? (model, [])
            : Enter(model with { Before = model.Before.Push(model.Active) }, screen);

    private static (Model, IReadOnlyList<Effect>) Enter(Model model, ScreenId screen) =>
        Of(model with { Active = screen, Layers = [] }, new Msg.Shown());
}
