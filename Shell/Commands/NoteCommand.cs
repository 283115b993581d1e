using System.CommandLine;
using SynthSae.Hosting;
using SynthSae.Store;

namespace SynthSae.Commands;

/// <summary>Gives a run a remark.</summary>
internal sealed class NoteCommand : RunsCommand
{
    private readonly Argument<string> _run = OneRun();

    private readonly Argument<string[]> _text = new("text")
    {
        Description = "The remark; without it, that of the run is shown. "
            + "Empty (\"\"), it is removed.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    public NoteCommand(Host host)
        : base(host, "note", "Give a run a remark, or show it.")
    {
        Arguments.Add(_run);
        Arguments.Add(_text);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae note @last diverges with lr 1e-3", "what one wants to remember"),
        ("synthsae note @last", "what it was"),
    ];

    private int Execute(ParseResult parsed)
    {
        var run = Store(parsed).Get(parsed.GetRequiredValue(_run));
        var labels = run.Labels;
        if (parsed.GetValue(_text) is { Length: > 0 } words)
        {
            var text = string.Join(' ', words).Trim();
            labels = RunLabels.Change(
                run.Open(), before => before with { Note = text.Length == 0 ? null : text });
        }

        Host.Out.WriteLine(labels.Note ?? $"{run.Id} has no note");
        return ExitCode.Ok;
    }
}
