using SynthSae.Spec;
using Xunit;

namespace SynthSae.Tests.Api;

public sealed class SpecificationTests
{
    private static readonly SyntheticModelSpecification Tiny =
        SyntheticModelSpecification.FromPreset("tiny");

    public static TheoryData<Architecture> Architectures =>
    [
        new Architecture.Standard(new SparsityPenalty(0.3, 100)) { LpNorm = 0.5 },
        new Architecture.TopK(3) { RescalesByDecoderNorm = false, AuxiliaryLoss = AuxiliaryLoss.None },
        new Architecture.AbsTopK(4) { AuxiliaryLoss = new AuxiliaryLoss(1.0 / 32) { NormalizedByVariance = true } },
        new Architecture.BatchTopK(2.5) { ThresholdLearningRate = 0.02 },
        new Architecture.Matryoshka(3, [4, 8])
        {
            InnerWeights = [0.5, 2],
            L1Coefficients = [0, 0.1, 0.2],
            Detached = true,
            OrderedByFrequency = true,
            AuxiliaryLossPerLevel = true,
            AuxiliaryLoss = new AuxiliaryLoss(0.5) { AddsDecoderBias = true },
        },
        new Architecture.JumpRelu(new SparsityPenalty(2))
        {
            Loss = new JumpReluLoss.Tanh(3),
            InitialThreshold = 0.02,
            Bandwidth = 0.1,
            PreActivationLoss = 1e-6,
            TrainsLogThreshold = true,
            StraightThrough = true,
            AuxiliaryLoss = new AuxiliaryLoss(0.1),
        },
        new Architecture.Gated(new SparsityPenalty(0.7, 5)),
        new Architecture.MatchingPursuit { MaxIterations = 5, ResidualThreshold = 0, StopsOnDuplicate = false },
    ];

    [Theory]
    [MemberData(nameof(Architectures))]
    public void An_architecture_comes_back_from_JSON_with_all_its_settings(Architecture architecture)
    {
        var run = new RunSpecification(Tiny, new SaeSpecification(16, architecture));
        Assert.Empty(run.Validate());
        Assert.Equal(run, RunSpecification.FromJson(run.ToJson()));
        Assert.Contains($"\"{architecture.Name}\"", run.ToJson());
    }

    [Fact]
    public void Every_preset_comes_back_from_the_core_as_it_was()
    {
        foreach (var preset in RunSpecification.Presets)
        {
            var core = Presets.tryFind(preset.Name).Value.Run;
            Assert.Equal(core, RunSpecification.FromPreset(preset.Name).ToCore());
        }
    }

    [Fact]
    public void A_run_with_every_field_changed_comes_back_from_JSON()
    {
        var sae = new SaeSpecification(8, new Architecture.JumpRelu(new SparsityPenalty(1)) { Loss = new JumpReluLoss.Quadratic() })
        {
            InputDim = 16,
            DecoderInitNorm = null,
            AppliesDecoderBiasToInput = false,
            InputNormalization = InputNormalization.ExpectedAverage,
            TargetL0 = 2.5,
            L0Path = new L0Path(6) { Steps = 10, Shape = L0PathShape.Geometric },
            L0Controller = new L0Controller { StartStep = 3, IntegralGain = 0.01, ConvergenceGain = 0.5, GainScale = 2, Deadband = 0.1 },
            HasUnitDecoder = true,
            FeatureStartNoise = 0.1,
            Resampling = new DeadLatentResampling { Every = 5, Until = 0.5, Window = 7, Samples = 64, EncoderScale = 0.3 },
            Seed = 9,
        };
        var run = new RunSpecification(Tiny with { Seed = 5, BiasNorm = 0.25 }, sae)
        {
            TrainingSamples = 6400,
            BatchSize = 64,
            LearningRate = 0.01,
            LearningRateSchedule = new LearningRateSchedule.CosineRestarts(2),
            WarmUpSteps = 3,
            DecaySteps = 4,
            FinalLearningRate = 0.001,
            AdamBeta1 = 0.8,
            AdamBeta2 = 0.99,
            NormEstimateBatches = 2,
            DeadLatentWindow = 17,
            Precision = EncoderPrecision.Bf16,
            Seed = 3,
            EvaluationSamples = 1000,
            EvaluatesAtEnd = false,
            EvaluationInterval = 20,
            IntermediateEvaluationSamples = 500,
            Pruning = new PruningChoice.Below(0.25),
        };
        Assert.Empty(run.Validate());
        var again = RunSpecification.FromJson(run.ToJson());
        Assert.Equal(run, again);
        Assert.Equal(run.GetHashCode(), again.GetHashCode());
        Assert.NotEqual(run, again with { WarmUpSteps = 4 });
    }

    [Fact]
    public void Activations_in_files_come_back_from_JSON()
    {
        var data = new TrainingData.Activations(["a.npy", "b"]) { Tensor = "x", BufferRows = 9, HeldOut = 12 };
        var run = new RunSpecification(data, [new SaeSpecification(8, new Architecture.TopK(2))]);
        Assert.Equal(data, RunSpecification.FromJson(run.ToJson()).Data);
        Assert.Null(run.Model);
    }

    [Fact]
    public void With_sets_fields_by_their_path()
    {
        var run = RunSpecification.FromPreset("tiny")
            .With("sae.k", 2)
            .With("lr", 0.02)
            .With("run_final_eval", false)
            .With("synthetic_model.hierarchy", "null");
        Assert.Equal(new Architecture.BatchTopK(2), run.Sae.Architecture);
        Assert.Equal(0.02, run.LearningRate);
        Assert.False(run.EvaluatesAtEnd);
        Assert.False(run.Model!.HasHierarchy);
        Assert.Equal("tiny", run.Name);
    }

    [Fact]
    public void Fields_of_a_part_are_set_by_their_own_paths()
    {
        Assert.False(Tiny.With("hierarchy", "null").HasHierarchy);
        var sae = new SaeSpecification(16, new Architecture.TopK(2)).With("k", "5");
        Assert.Equal(new Architecture.TopK(5), sae.Architecture);
        var error = Assert.Throws<SpecificationException>(() => Tiny.With("num_feature", "5"));
        Assert.Equal("num_feature", Assert.Single(error.Errors).Path);
    }

    [Fact]
    public void All_errors_are_told_at_once_with_path_rule_and_value()
    {
        var run = RunSpecification.FromPreset("tiny") with
        {
            LearningRate = -1,
            BatchSize = 0,
            Sae = new SaeSpecification(16, new Architecture.TopK(99)),
        };
        var errors = run.Validate();
        Assert.Equal(["sae.k", "batch_size", "lr"], errors.Select(error => error.Path));
        Assert.Equal("-1", errors[2].Value);
        Assert.Equal("lr: must be greater than 0 (got -1)", errors[2].ToString());
    }

    [Fact]
    public void A_name_that_does_not_exist_is_answered_with_the_nearest()
    {
        var error = Assert.Throws<SpecificationException>(() => RunSpecification.FromPreset("smal"));
        Assert.Contains("small", error.Message);
        var path = Assert.Throws<SpecificationException>(
            () => RunSpecification.FromPreset("tiny").With("sae.kk", 3));
        Assert.Contains("\"k\"", Assert.Single(path.Errors).Rule.Replace("'", "\""));
    }

    [Fact]
    public void A_sweep_makes_an_SAE_for_every_value()
    {
        var run = RunSpecification.FromPreset("tiny").Sweep("sae.k", "1", "2").Sweep("sae.d_sae", "8", "16");
        Assert.Equal([8, 8, 16, 16], run.Saes.Select(sae => sae.Width));
        Assert.Throws<InvalidOperationException>(() => run.Sae);
        Assert.Contains("\"saes\"", run.ToJson());
    }

    [Fact]
    public void What_is_no_JSON_is_a_documented_exception()
    {
        Assert.Throws<SpecificationException>(() => RunSpecification.FromJson("{"));
        Assert.Throws<SynthSaeException>(() => RunSpecification.Load("/no/such/file"));
    }
}
