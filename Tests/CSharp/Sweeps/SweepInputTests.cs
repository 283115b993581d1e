using SynthSae.Sweeps;
using Xunit;

namespace SynthSae.Tests.Sweeps;

/// <summary>What sweeps are made of, and what is refused.</summary>
public sealed class SweepInputTests : IDisposable
{
    private readonly SweepFixture _fixture = new();

    [Fact]
    public void Every_sweep_that_comes_with_the_program_is_valid_and_listed()
    {
        Assert.Equal(
            ["l0", "l0-small", "superposition", "superposition-small", "superposition-standard"],
            ShippedSweeps.All.Select(sweep => sweep.Name));
        var listed = Cli.run(Microsoft.FSharp.Collections.ListModule.OfSeq(["presets"])).Out;
        foreach (var sweep in ShippedSweeps.All)
        {
            var plan = SweepPlans.Load(sweep.Name, []);
            Assert.Equal(sweep.Name, plan.Spec.Name);
            Assert.InRange(sweep.Description.Length, 20, 80);
            Assert.Contains(sweep.Name, listed, StringComparison.Ordinal);
        }

        Assert.Equal(175, SweepPlans.Load("l0", []).Trials.Count);
        Assert.Equal(24, SweepPlans.Load("superposition", []).Trials.Count);
    }

    [Fact]
    public void A_dry_run_shows_the_runs_and_makes_nothing()
    {
        var outcome = _fixture.Sweep(_fixture.Write("tiny.json", SweepFixture.Tiny), "--dry-run");
        Assert.Equal(0, outcome.Code);
        Assert.Contains("tiny test: 8 SAEs in 2 runs", outcome.Out, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_fixture.Runs));
    }

    [Fact]
    public void A_base_in_a_file_is_found_beside_the_sweep_and_fields_of_it_are_set()
    {
        _fixture.Write("base.json", """
            {"synthetic_model": "tiny", "sae": {"d_sae": 8, "architecture": "topk", "k": 2}}
            """);
        var file = _fixture.Write("sweep.json", """
            {"name": "x", "base": "base.json", "set": {"lr": 1}, "axes": [{"sae.k": [1, 2]}]}
            """);
        var plan = SweepPlans.Load(
            file, [("lr", "0.5"), ("sae.architecture", "batchtopk"), ("eval_samples", "1000")]);
        Assert.All(plan.Trials, trial =>
        {
            Assert.Equal(0.5, trial.Run.Value.Training.Lr);
            Assert.True(trial.Run.Value.Sae.Architecture.IsBatchTopK);
            Assert.Equal(1000, (long)trial.Run.Value.Evaluation.Samples);
        });
    }

    [Theory]
    [InlineData("no.json", "there is no such sweep or file")]
    [InlineData("l0-smal", "did you mean \"l0-small\"?")]
    public void A_sweep_that_is_not_there_is_refused_with_the_nearest(string name, string problem)
    {
        var outcome = _fixture.Sweep(name);
        Assert.Equal(2, outcome.Code);
        Assert.Contains(problem, outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void All_that_is_wrong_with_a_sweep_is_told_at_once_and_nothing_is_made()
    {
        var file = _fixture.Write("bad.json", """
            {"name": "bad", "base": "tiny", "seds": 3,
             "axes": [{"sae.k": 3}, {"list": []}], "max_saes_per_run": "two"}
            """);
        var outcome = _fixture.Sweep(file);
        Assert.Equal(2, outcome.Code);
        Assert.Contains("4 errors", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("seds: is not a known field; did you mean \"seeds\"?", outcome.Error);
        Assert.Contains("axes[0].sae.k: must be a list (got 3)", outcome.Error);
        Assert.Contains("axes[1].name: is required", outcome.Error);
        Assert.Contains("max_saes_per_run: must be an integer", outcome.Error);
        Assert.False(Directory.Exists(_fixture.Runs));
    }

    [Theory]
    [InlineData("--set: sae.k is what the sweep varies", "--set", "sae.k=3")]
    [InlineData("must be local or background or slurm", "--executor", "cloud")]
    [InlineData("sae.dsae: is not a known field", "--set", "sae.dsae=3")]
    [InlineData("one run after another", "--jobs", "2")]
    public void What_the_command_line_asks_for_in_vain_is_told(string problem, params string[] args)
    {
        var file = _fixture.Write("tiny.json", SweepFixture.Tiny);
        var outcome = _fixture.Sweep([file, .. args]);
        Assert.Equal(2, outcome.Code);
        Assert.Contains(problem, outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sweep_is_named_by_a_part_of_its_folder_and_goes_on_as_it_began()
    {
        var file = _fixture.Write("tiny.json", SweepFixture.Tiny);
        Assert.Contains("holds no sweep", _fixture.Sweep("show").Error, StringComparison.Ordinal);
        _fixture.Done(file);
        _fixture.Done(file);
        Assert.Contains("could be any of", _fixture.Sweep("show", "tiny-test").Error);
        Assert.Contains("is no sweep", _fixture.Sweep("show", "other").Error);
        Assert.Equal(0, _fixture.Sweep("show").Code);
        var refused = _fixture.Sweep("--resume", "tiny-test", "--set", "lr=1");
        Assert.Equal(2, refused.Code);
        Assert.Contains("a sweep goes on as it began", refused.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _fixture.Dispose();
}
