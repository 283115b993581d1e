namespace SynthSae.Store.Filtering;

/// <summary>
/// Picks runs by words, all of which must fit. A word is text that occurs in the run's id, name,
/// sweep, tags, status, device or note; or <c>key:text</c>, or a comparison such as <c>k=25</c>,
/// <c>f1&gt;0.8</c> or <c>sae.lr=3e-4</c>. A dash before it picks the others.
/// </summary>
internal sealed class RunFilter
{
    private readonly IReadOnlyList<RunTerm> _terms;

    private RunFilter(string text, IReadOnlyList<RunTerm> terms) => (Text, _terms) = (text, terms);

    /// <summary>All runs.</summary>
    public static RunFilter All { get; } = new("", []);

    /// <summary>The forms of a word, for help and messages.</summary>
    public static IReadOnlyList<(string Form, string Meaning)> Forms { get; } =
    [
        ("topk", "in id, name, sweep, tags, state, device or note"),
        ("state:running", "by state; active: queued or running; several: state:failed,stopped"),
        ("tag:x  sweep:x  arch:x", "by tag, sweep, architecture; also name, device, host, note"),
        ("k=25  f1>0.8  dead<0.1", "by figures; also l0, r2, mcc, loss, latents, seed, done, step"),
        ("sae.lr=3e-4", "by a field of the specification, or the end of its path"),
        ("-tag:x", "all that do not fit"),
    ];

    /// <summary>As it was typed.</summary>
    public string Text { get; }

    /// <summary>True if it picks all runs.</summary>
    public bool IsEmpty => _terms.Count == 0;

    /// <summary>True if it asks for fields that only the runs' specifications have.</summary>
    public bool NeedsSpecs => _terms.Any(term => term.NeedsSpec);

    /// <summary>Read a filter; anything is one. What is not complete yet picks all.</summary>
    public static RunFilter Parse(string text) =>
        new(text, [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(RunTerm.Parse).OfType<RunTerm>()]);

    /// <summary>True if a run is picked.</summary>
    /// <param name="run">The run.</param>
    /// <param name="spec">Fields of its specification by their paths, as JSON; null if they are not
    ///   known.</param>
    public bool Matches(
        RunSummary run, Func<RunSummary, IReadOnlyDictionary<string, string>?> spec) =>
        _terms.All(term => term.Matches(run, spec));
}
