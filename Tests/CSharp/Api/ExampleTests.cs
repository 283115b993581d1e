using SynthSae.Examples;
using Xunit;

namespace SynthSae.Tests.Api;

public sealed class ExampleTests
{
    [Fact]
    public async Task The_example_program_does_all_that_it_says()
    {
        using var folder = new TemporaryFolder();
        using var output = new StringWriter();
        await Example.RunAsync(folder.Path, output);
        var text = output.ToString();
        Assert.Contains("tiny: batchtopk, 16 latents", text);
        Assert.Contains("stopped, gone on, and done: 20 steps", text);
        Assert.Contains("refused: num_features: must be at least 1 (got 0); hidden_dim", text);
    }
}
