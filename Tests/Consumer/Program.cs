using System.Reflection;
using SynthSae.Examples;

// Only the public API is seen: the assemblies behind it are there to run with alone.
var seen = typeof(SynthSae.RunSpecification).Assembly.GetName();
Console.WriteLine($"{seen.Name} {seen.Version}");
Assembly.Load("SynthSae.Compute");
await Example.RunAsync(args[0], Console.Out);
await Background.RunAsync(args[0], Console.Out);
