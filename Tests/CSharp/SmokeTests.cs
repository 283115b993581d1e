using SynthSae.Hosting;
using Xunit;

namespace SynthSae.Tests;

public sealed class SmokeTests
{
    [Fact]
    public void The_harness_runs_the_command_line()
    {
        var outcome = Cli.run(Microsoft.FSharp.Collections.ListModule.OfSeq(["presets"]));
        Assert.Equal(ExitCode.Ok, outcome.Code);
    }
}
