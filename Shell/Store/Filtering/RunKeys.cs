namespace SynthSae.Store.Filtering;

/// <summary>What one can ask of a run by name, apart from its specification.</summary>
internal static class RunKeys
{
    private static readonly Dictionary<string, Func<RunSummary, IEnumerable<string>>> ByText = new()
    {
        ["run"] = run => [run.Id],
        ["id"] = run => [run.Id],
        ["name"] = run => [run.Name],
        ["state"] = States,
        ["status"] = States,
        ["tag"] = run => run.Labels.Tags,
        ["tags"] = run => run.Labels.Tags,
        ["note"] = run => [run.Labels.Note ?? ""],
        ["sweep"] = run => [run.Sweep ?? ""],
        ["device"] = run => [run.Snapshot.Device ?? ""],
        ["host"] = run => [run.Snapshot.Host ?? ""],
        ["phase"] = run => [run.Snapshot.Phase],
        ["arch"] = run => run.Snapshot.Saes.Select(sae => sae.Architecture),
        ["architecture"] = run => run.Snapshot.Saes.Select(sae => sae.Architecture),
    };

    private static readonly Dictionary<string, Func<RunSummary, IEnumerable<double>>> ByNumber =
        new()
        {
            ["k"] = Each(sae => sae.K),
            ["l0"] = Each(sae => sae.L0),
            ["r2"] = Each(sae => sae.R2),
            ["f1"] = Each(sae => sae.F1),
            ["mcc"] = Each(sae => sae.Mcc),
            ["loss"] = Each(sae => sae.Loss),
            ["latents"] = Each(sae => sae.Latents),
            ["dead"] = Each(sae => sae.Dead < 0 ? double.NaN : (double)sae.Dead / sae.Latents),
            ["seed"] = run => [run.Seed],
            ["step"] = run => [run.Snapshot.Step],
            ["steps"] = run => [run.Snapshot.Steps],
            ["samples"] = run => [run.Snapshot.Samples],
            ["speed"] = run => [run.Snapshot.SamplesPerSecond],
            ["done"] = run => [RunProgress.Share(run.Snapshot)],
            ["progress"] = run => [RunProgress.Share(run.Snapshot)],
        };

    public static bool IsText(string key) => ByText.ContainsKey(key);

    public static bool IsNumber(string key) => ByNumber.ContainsKey(key);

    /// <summary>Its texts of that key, which there is.</summary>
    public static IEnumerable<string> Texts(RunSummary run, string key) => ByText[key](run);

    /// <summary>Its numbers of that key, which there is: one, or one for each SAE.</summary>
    public static IEnumerable<double> Numbers(RunSummary run, string key) => ByNumber[key](run);

    /// <summary>All in which text without a key is looked for.</summary>
    public static IEnumerable<string> Texts(RunSummary run) =>
    [
        run.Id,
        run.Name,
        run.Sweep ?? "",
        .. run.Labels.Tags,
        run.Status.Word(),
        run.Snapshot.Device ?? "",
        run.Labels.Note ?? "",
    ];

    private static IEnumerable<string> States(RunSummary run) =>
        run.Status is RunStatus.Queued or RunStatus.Running
            ? [run.Status.Word(), "active"]
            : [run.Status.Word()];

    private static Func<RunSummary, IEnumerable<double>> Each(Func<SaeFigures, double> figure) =>
        run => run.Snapshot.Saes.Select(figure);
}
