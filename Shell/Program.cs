using SynthSae.Commands;
using SynthSae.Hosting;

namespace SynthSae;

/// <summary>The entry point of the command line.</summary>
internal static class Program
{
    public static int Main(string[] args) => CommandLine.Run(args, Host.OfProcess());
}
