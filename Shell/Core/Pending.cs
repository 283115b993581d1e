#pragma warning disable
using Microsoft.FSharp.Core;
using SynthSae.Compute;
using SynthSae.Spec;
namespace SynthSae.Core;

// Placeholders until the core has these.
public sealed class WorldStatistics
{
    public static WorldStatistics Draw(SynthSae.Settings.AppSettings s, LoadedWorld w, long n) => throw new NotImplementedException();
    public System.Text.Json.Nodes.JsonObject ToJson() => new(); public void Write(SynthSae.Hosting.Host h) { }
}
