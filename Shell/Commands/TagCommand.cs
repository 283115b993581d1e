using System.CommandLine;
using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Store;

namespace SynthSae.Commands;

/// <summary>Gives runs words to find them by.</summary>
internal sealed class TagCommand : RunsCommand
{
    private readonly Argument<string> _run = OneRun();

    private readonly Argument<string[]> _tags = new("tag")
    {
        Description = "Words without spaces or commas; without any, those of the run are shown.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<bool> _remove = new("--remove") { Description = "Take them away." };

    public TagCommand(Host host)
        : base(host, "tag", "Give a run tags to find it by, or take them away.")
    {
        Arguments.Add(_run);
        Arguments.Add(_tags);
        Add(_remove);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae tag @last paper good", "two tags for the newest run"),
        ("synthsae tag @last good --remove", "not so good"),
        ("synthsae ls tag:paper", "all that have one"),
    ];

    private int Execute(ParseResult parsed)
    {
        var run = Store(parsed).Get(parsed.GetRequiredValue(_run));
        var tags = parsed.GetValue(_tags) ?? [];
        var remove = parsed.GetValue(_remove);
        foreach (var tag in tags)
        {
            Check(tag);
        }

        var labels = RunLabels.Change(run.Open(), before => tags.Aggregate(
            before, (now, tag) => remove ? now.Without(tag) : now.With(tag)));
        Host.Out.WriteLine(
            labels.Tags.Count == 0 ? $"{run.Id} has no tags" : string.Join(' ', labels.Tags));
        return ExitCode.Ok;
    }

    private static void Check(string tag)
    {
        if (tag.Length == 0 || tag.Any(letter => char.IsWhiteSpace(letter) || char.IsControl(letter)
            || letter == ','))
        {
            throw Failure.BadInput(
                "tag", $"must be a word without spaces or commas (got \"{tag}\")");
        }
    }
}
