using System.Text.Json.Nodes;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Hub;

namespace SynthSae.Reports;

/// <summary>Says what a pull has brought, and where it lies.</summary>
internal sealed class PullReport(PulledFolder pulled)
{
    /// <summary>For people.</summary>
    public void Write(Host host)
    {
        var what = pulled.Kind == FolderKind.Model
            ? "a synthetic model"
            : "a sparse autoencoder";
        host.Out.WriteLine($"{pulled.Asked}: {what}");
        host.Out.WriteLine();
        var table = new TextTable(new("file"), new("size", Right: true), new(""));
        foreach (var file in pulled.Files)
        {
            table.Add(
                file.Name,
                Numbers.Bytes(file.Bytes),
                file.Fetched ? "fetched" : "was in the cache");
        }

        table.Write(host.Out, host.Width);
        host.Out.WriteLine();
        host.Out.WriteLine($"It lies in {pulled.Folder}");
        host.Out.WriteLine($"The same content for ever: {pulled.Id}");
    }

    /// <summary>For programs.</summary>
    public JsonObject ToJson() =>
        new()
        {
            ["schema"] = 1,
            ["repository"] = pulled.Id.Repository,
            ["revision"] = pulled.Asked.Revision,
            ["commit"] = pulled.Id.Revision,
            ["path"] = pulled.Id.Path,
            ["name"] = $"{pulled.Id}",
            ["kind"] = pulled.Kind == FolderKind.Model ? "model" : "sae",
            ["folder"] = pulled.Folder,
            ["files"] = new JsonArray([.. pulled.Files.Select(ToJson)]),
        };

    private static JsonNode ToJson(PulledFile file) =>
        new JsonObject
        {
            ["name"] = file.Name,
            ["bytes"] = file.Bytes,
            ["checksum"] = file.Checksum,
            ["fetched"] = file.Fetched,
        };
}
