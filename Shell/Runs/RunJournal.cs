using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Store;

namespace SynthSae.Runs;

/// <summary>Tells what a run does to whoever watches it, and to its log.</summary>
/// <param name="events">The log.</param>
/// <param name="observer">Who watches.</param>
internal sealed class RunJournal(EventLog events, IRunObserver observer)
{
    /// <summary>The form of an SAE that it has in training.</summary>
    public const string AsTrained = "training";

    /// <summary>Who watches.</summary>
    public IRunObserver Observer => observer;

    /// <summary>An event for the log alone.</summary>
    public void Log(string name, params (string Key, JsonNode? Value)[] fields) =>
        events.Append(name, fields);

    /// <summary>The run begins, or goes on.</summary>
    public void Start(RunStart start, StepProgress last)
    {
        var plan = start.Plan;
        if (start.Resumption is not { } resumption)
        {
            Log(
                EventNames.Started,
                ("run", start.Folder.Id),
                ("steps", plan.Steps),
                ("saes", plan.Saes.Count));
            return;
        }

        Log(
            EventNames.Resumed,
            ("run", start.Folder.Id),
            ("steps", plan.Steps),
            ("saes", plan.Saes.Count),
            ("step", last.Step),
            ("samples", last.Samples),
            ("threads", start.Settings.Threads));
        foreach (var note in resumption.Notes)
        {
            Note(note);
        }

        Note($"goes on after step {Counts.Exact(last.Step)}");
    }

    /// <summary>A phase begins.</summary>
    public void Begin(RunPhase phase, string what)
    {
        Log("phase", ("phase", phase.Word()), ("what", what));
        observer.Phase(phase, what);
    }

    /// <summary>Something that the reader should know.</summary>
    public void Note(string text)
    {
        Log("note", ("text", JsonValue.Create(text)));
        observer.Note(text);
    }

    /// <summary>Something of one SAE that the reader should know.</summary>
    public void NoteOf(SaePlan sae, string text) =>
        Note(sae.IsAlone ? text : $"{sae.Label}: {text}");

    /// <summary>A step for the log.</summary>
    public void LogStep(SaePlan sae, StepProgress step, TimeSpan total) =>
        Log(
            "step",
            ("sae", sae.Index),
            ("step", step.Step),
            ("samples", step.Samples),
            ("loss", Json.Number(step.Loss)),
            ("mse", Json.Number(step.Mse)),
            ("losses", Json.Numbers(step.Terms)),
            ("l0", Json.Number(step.L0)),
            ("k", Json.Number(step.K)),
            ("coefficient", Json.Number(step.Coefficient)),
            ("explained_variance", Json.Number(step.R2)),
            ("dead_latents", step.Dead),
            ("lr", Json.Number(step.Lr)),
            ("seconds", Json.Seconds(total)));

    /// <summary>Scores for the log, and for who watches.</summary>
    public void LogScores(SaePlan sae, string form, StepProgress last, Scores scores)
    {
        Log(
            "evaluation",
            ("sae", sae.Index),
            ("form", form),
            ("step", last.Step),
            ("samples", last.Samples),
            ("metrics", scores.ToJson()));
        if (form == AsTrained)
        {
            observer.Scored(sae, last.Step, scores);
        }
    }

    /// <summary>Do what a run can do without, and note why it failed if it does.</summary>
    public void Attempt(string otherwise, Action work)
    {
        try
        {
            work();
        }
        catch (Exception error) when (ErrorReport.IsBadInput(error))
        {
            Note($"{otherwise}: {error.Message}");
        }
    }
}
