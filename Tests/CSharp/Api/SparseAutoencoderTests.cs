using System.Runtime.CompilerServices;
using SynthSae.Compute;
using Xunit;

namespace SynthSae.Tests.Api;

/// <summary>On SAEs that the reference saved, with what it computes with them.</summary>
public sealed class SparseAutoencoderTests
{
    private static readonly ComputeOptions TwoThreads = new() { Threads = 2 };

    public static TheoryData<string> Saes =>
        ["standard", "topk", "batchtopk", "jumprelu", "gated", "matching_pursuit", "matryoshka_batchtopk"];

    [Theory]
    [MemberData(nameof(Saes))]
    public void It_encodes_and_decodes_as_the_reference_does(string name)
    {
        var sae = Load(name);
        using var file = Compute.Files.Safetensors.read(Path.Combine(Oracle(name), "outputs.safetensors"));
        var (x, f, reconstruction) = (file.Float32("x"), file.Float32("encode"), file.Float32("decode"));
        var codes = sae.Encode(x);
        Near(f, codes.ToDense(), 1e-3);
        var dense = new float[f.Length];
        sae.Encode(x, dense);
        Assert.Equal(codes.ToDense(), dense);
        Near(reconstruction, sae.Decode(codes), 1e-3);
        Near(reconstruction, sae.Reconstruct(x), 1e-3);
        var decoded = new float[x.Length];
        sae.Decode(dense, decoded);
        Assert.Equal(sae.Decode(codes), decoded);
    }

    [Theory]
    [MemberData(nameof(Saes))]
    public void A_saved_SAE_is_the_same_when_it_is_read_again(string name)
    {
        using var folder = new TemporaryFolder();
        var sae = Load(name);
        sae.WithPruning(0.5f).Save(folder.File("sae"));
        var again = SparseAutoencoder.Load(folder.File("sae"), TwoThreads);
        Assert.Equal(0.5f, again.SavedPruningThreshold);
        Assert.Null(again.PruningThreshold);
        Assert.Equal(sae.Decoder.ToArray(), again.Decoder.ToArray());
        Assert.Equal(sae.Encoder.ToArray(), again.Encoder.ToArray());
        Assert.Equal(sae.EncoderBias.ToArray(), again.EncoderBias.ToArray());
        Assert.Equal(sae.DecoderBias.ToArray(), again.DecoderBias.ToArray());
    }

    [Fact]
    public void It_computes_batches_larger_than_its_own_and_from_several_threads()
    {
        var sae = Load("topk");
        var random = new Random(1);
        var x = Enumerable.Range(0, 2100 * sae.HiddenDim).Select(_ => random.NextSingle()).ToArray();
        var expected = sae.Encode(x).ToDense();
        var found = new float[8][];
        Parallel.For(0, 8, i => found[i] = sae.Encode(x).ToDense());
        Assert.All(found, dense => Assert.Equal(expected, dense));
    }

    [Fact]
    public void Pruning_drops_active_latents()
    {
        var model = SyntheticModel.Load(Oracle("..", "model"), TwoThreads);
        var x = model.Sample(0, 500).Activations;
        var sae = Load("topk");
        var pruned = sae.WithPruning(0.3f);
        Assert.True(pruned.Encode(x).Count < sae.Encode(x).Count);
        Assert.Equal(sae.Encode(x).Count, pruned.WithPruning(null).Encode(x).Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => sae.WithPruning(float.NaN));
        var found = sae.FindPruning(x);
        Assert.True(found.Encode(x).Count <= sae.Encode(x).Count);
    }

    [Fact]
    public void It_is_scored_against_the_truth()
    {
        var model = SyntheticModel.Load(Oracle("..", "model"), TwoThreads);
        var sae = Load("topk");
        List<long> heard = [];
        var scores = sae.Evaluate(model, 3000, true, new Heard(heard.Add));
        Assert.Equal([1024, 2048, 3000], heard);
        Assert.Equal(3000, scores.Samples);
        Assert.Equal(sae.Width, scores.Latents.Count);
        Assert.Equal(scores.Latents.Average(latent => latent.F1), scores.F1!.Value.Value, 1e-9);
        Assert.Equal(scores.Metrics["mcc"], scores.Mcc);
        Assert.InRange(scores.Mcc!.Value.Value, 0, 1);
        Assert.Equal(model.NumFeatures, scores.Features.Count);
        Assert.All(scores.Features, feature => Assert.InRange(feature.BestF1, 0, 1));
        Assert.Equal(
            scores.TrueL0!.Value.Value, scores.Features.Sum(feature => feature.Rate), 1e-6);
        Assert.Empty(sae.Evaluate(model, 1000).Features);
        Assert.Equal(
            scores.DeadLatents.Value, scores.Latents.Count(latent => latent.IsDead), 1e-9);
    }

    [Fact]
    public void Without_the_truth_it_is_scored_by_what_needs_none()
    {
        var model = SyntheticModel.Load(Oracle("..", "model"), TwoThreads);
        var sae = Load("topk");
        var blind = sae.Evaluate(model.Sample(0, 3000, SampleStream.Evaluation).Activations);
        Assert.Null(blind.F1);
        Assert.Null(blind.Mcc);
        Assert.Empty(blind.Latents);
        var seeing = sae.Evaluate(model, 3000);
        Assert.Equal(seeing.ExplainedVariance.Value, blind.ExplainedVariance.Value, 1e-9);
        Assert.Equal(seeing.L0.Value, blind.L0.Value, 1e-9);
    }

    [Fact]
    public void A_cancelled_evaluation_ends_after_its_batch()
    {
        var model = SyntheticModel.Load(Oracle("..", "model"), TwoThreads);
        using var cancel = new CancellationTokenSource();
        var heard = 0;
        var progress = new Heard(_ =>
        {
            heard++;
            cancel.Cancel();
        });
        Assert.Throws<OperationCanceledException>(
            () => Load("topk").Evaluate(model, 100_000, false, progress, cancel.Token));
        Assert.Equal(1, heard);
    }

    [Fact]
    public void Wrong_input_is_a_documented_exception()
    {
        var sae = Load("topk");
        Assert.Throws<ArgumentException>(() => sae.Encode(new float[sae.HiddenDim + 1]));
        Assert.Throws<ArgumentException>(() => sae.Decode(new SparseCodes(3, [0], [], [])));
        Assert.Throws<SynthSaeException>(() => SparseAutoencoder.Load("/no/such/folder"));
        var other = SyntheticModel.Load("tiny", TwoThreads with { UseCache = false });
        Assert.Throws<SynthSaeException>(() => sae.Evaluate(other));
    }

    private static SparseAutoencoder Load(string name) =>
        SparseAutoencoder.Load(Oracle(name), TwoThreads);

    private static string Oracle(params string[] name) =>
        Path.GetFullPath(Path.Combine([Here(), "..", "..", "..", "oracles", "saes", .. name]));

    private static string Here([CallerFilePath] string path = "") => path;

    private static void Near(float[] expected, float[] found, double apart)
    {
        Assert.Equal(expected.Length, found.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - found[i]) <= apart, $"{i}: {expected[i]} and {found[i]}");
        }
    }

    private sealed class Heard(Action<long> hear) : IProgress<long>
    {
        public void Report(long value) => hear(value);
    }
}
