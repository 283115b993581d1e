using SynthSae.Compute;
using Xunit;

namespace SynthSae.Tests.Api;

public sealed class SyntheticModelTests
{
    private static readonly ComputeOptions NoCache = new() { UseCache = false, Threads = 2 };

    private static readonly SyntheticModel Model =
        SyntheticModel.Compile(SyntheticModelSpecification.FromPreset("tiny"), NoCache);

    [Fact]
    public void It_has_the_sizes_and_the_arrays_of_its_world()
    {
        Assert.Equal((32, 16, 4), (Model.NumFeatures, Model.HiddenDim, Model.CorrelationRank));
        Assert.Equal(32 * 16, Model.Directions.Length);
        Assert.Equal(Model.Directions.Slice(3 * 16, 16).ToArray(), Model.Direction(3).ToArray());
        Assert.Equal(16, Model.Bias.Length);
        Assert.Equal(32, Model.NominalProbabilities.Length);
        Assert.Equal(32, Model.FiringProbabilities.Length);
        Assert.Equal(32, Model.MeanMagnitudes.Length);
        Assert.Equal(32, Model.MagnitudeDeviations.Length);
        for (var feature = 0; feature < 32; feature++)
        {
            var norm = 0.0;
            foreach (var entry in Model.Direction(feature))
            {
                norm += entry * entry;
            }

            Assert.Equal(1, norm, 1e-5);
        }
    }

    [Fact]
    public void Its_hierarchy_names_parents_and_children_alike()
    {
        var nodes = Model.Hierarchy;
        Assert.Equal(28, nodes.Count);
        Assert.Equal(4, nodes.Count(node => node.Parent is null));
        foreach (var node in nodes)
        {
            var children = nodes.Where(child => child.Parent == node.Number).ToList();
            Assert.Equal(node.Children, children.Count);
            Assert.All(children, child => Assert.Equal(node.Depth + 1, child.Depth));
            Assert.Equal(
                Enumerable.Range(node.FirstChild, node.Children), children.Select(child => child.Number));
        }
    }

    [Theory]
    [InlineData(SampleStream.Training, 0)]
    [InlineData(SampleStream.Evaluation, 0)]
    [InlineData(SampleStream.Inspection, 7)]
    public void A_sample_is_the_same_alone_and_among_others(SampleStream stream, long seed)
    {
        var many = Model.Sample(0, 2500, stream, seed);
        var some = Model.Sample(1020, 10, stream, seed);
        Assert.Equal(2500, many.Count);
        Assert.Equal(many.Activations.AsSpan(1020 * 16, 160).ToArray(), some.Activations);
        for (var row = 0; row < 10; row++)
        {
            Assert.Equal(many.Features.IndexOf(1020 + row).ToArray(), some.Features.IndexOf(row).ToArray());
            Assert.Equal(many.Features.ValueOf(1020 + row).ToArray(), some.Features.ValueOf(row).ToArray());
        }

        var alone = Model.SampleFeatures(1020, 10, stream, seed);
        Assert.Equal(some.Features.Index.ToArray(), alone.Index.ToArray());
        Assert.Equal(some.Features.Value.ToArray(), alone.Value.ToArray());
    }

    [Fact]
    public void Activations_are_the_features_decoded()
    {
        var samples = Model.Sample(5, 50);
        for (var row = 0; row < 50; row++)
        {
            var x = Model.Bias.ToArray().Select(value => (double)value).ToArray();
            var index = samples.Features.IndexOf(row);
            var value = samples.Features.ValueOf(row);
            for (var entry = 0; entry < index.Length; entry++)
            {
                for (var dim = 0; dim < 16; dim++)
                {
                    x[dim] += value[entry] * Model.Direction(index[entry])[dim];
                }
            }

            for (var dim = 0; dim < 16; dim++)
            {
                Assert.Equal(x[dim], samples.Activations[(row * 16) + dim], 1e-4);
            }
        }
    }

    [Fact]
    public void Samples_are_those_of_the_core()
    {
        var loaded = Core.Worlds.Load("tiny", SynthSae.Api.ProgramSettings.Of(NoCache));
        var x = new Matrix(40, 16);
        var codes = new Codes(32);
        loaded.Sampler(Backend.Reference, 3).Sample(Compute.Stream.Training, 100, codes, x);
        var samples = Model.Sample(100, 40, runSeed: 3);
        Assert.Equal(codes.Index.AsSpan(0, codes.Count).ToArray(), samples.Features.Index.ToArray());
        Assert.Equal(codes.Value.AsSpan(0, codes.Count).ToArray(), samples.Features.Value.ToArray());
    }

    [Fact]
    public void A_saved_model_draws_the_same_samples()
    {
        using var folder = new TemporaryFolder();
        var place = folder.File("model");
        Model.Save(place);
        var again = SyntheticModel.Load(place, NoCache);
        Assert.Equal(Model.Checksum, again.Checksum);
        Assert.Equal(Model.Sample(0, 20).Activations, again.Sample(0, 20).Activations);
    }

    [Fact]
    public void Wrong_sizes_are_wrong_calls()
    {
        Assert.Throws<ArgumentException>(() => { Model.Fill(0, new float[17]); });
        Assert.Throws<ArgumentOutOfRangeException>(() => Model.Sample(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Model.Sample(0, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => { Model.Direction(32); });
        Assert.Equal(0, Model.Sample(0, 0).Features.Rows);
    }

    [Fact]
    public void A_device_that_is_not_there_is_a_documented_exception()
    {
        var nowhere = NoCache with { Device = new ComputeDevice("tpu") };
        var error = Assert.Throws<SynthSaeException>(() => SyntheticModel.Load("tiny", nowhere));
        Assert.Equal("device", error.Place);
        Assert.Throws<SynthSaeException>(() => SyntheticModel.Load("tiny", NoCache with { Threads = 0 }));
    }
}
