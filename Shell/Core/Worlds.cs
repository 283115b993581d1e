using SynthSae.Compute;
using SynthSae.Compute.Files;
using SynthSae.Settings;
using SynthSae.Spec;

namespace SynthSae.Core;

/// <summary>
/// Finds synthetic models by name, file or folder, here or on the hub, and makes them ready for
/// sampling.
/// </summary>
internal static class Worlds
{
    /// <summary>
    /// The world that a preset, a file, a model folder or a run folder stands for.
    /// </summary>
    public static LoadedWorld Load(string name, AppSettings settings) =>
        Sources.Find(name) switch
        {
            Source.ModelFile file => Compile(name, ReadModel(file), settings),
            Source.ModelFolder folder => ReadFolder(name, folder.Folder),
            Source.SaeFolder => throw Failure.BadInput(name, "is an SAE, not a synthetic model"),
            _ => Load(RunSpecs.Read(name).Spec.Data, name, settings),
        };

    private static LoadedWorld Load(DataSource data, string name, AppSettings settings) =>
        data is DataSource.Synthetic model
            ? Load(model.Item, name, settings)
            : throw Failure.BadInput(name, "trains on activations in files: there is no model");

    /// <summary>The world of a run, which goes by <paramref name="name"/>.</summary>
    public static LoadedWorld Load(ModelSource source, string name, AppSettings settings) =>
        source switch
        {
            ModelSource.Spec model => Compile(name, model.Item, settings),
            ModelSource.Named named => Load(named.Item, settings),
            _ => throw new ArgumentException("unknown source of a model", nameof(source)),
        };

    /// <summary>
    /// The width of the SAE that comes with a model in a preset or a run; null for a model alone.
    /// </summary>
    public static int? SaeWidth(string name) =>
        Sources.Find(name) is Source.OfPreset or Source.RunFile or Source.RunFolder
            ? RunSpecs.Read(name).Spec.Saes.Max(sae => sae.DSae)
            : null;

    /// <summary>The specification of a synthetic model's file.</summary>
    public static SyntheticModelSpec ReadModel(Source.ModelFile file) =>
        SyntheticModelSpecModule.ofJson(file.Text).OrThrow(file.Name);

    private static LoadedWorld Compile(string name, SyntheticModelSpec spec, AppSettings settings)
    {
        var valid = SyntheticModelSpecModule.validate(spec).OrThrow(name);
        if (settings.CacheFolder is not { } folder)
        {
            var made = WorldCompiler.compile(settings.Backend(), valid);
            return new LoadedWorld(made, name, "compiled", null);
        }

        var (world, outcome) = WorldCache.getOrCompile(folder, settings.Backend(), valid);
        var (origin, note) = outcome switch
        {
            CacheOutcome.Hit => ("cache", null),
            CacheOutcome.Rebuilt rebuilt =>
                ("compiled", $"cached world made again: {rebuilt.file} {rebuilt.reason}"),
            CacheOutcome.NotStored missed =>
                ("compiled", $"the world could not be cached in {missed.file}: {missed.reason}"),
            _ => ("compiled", (string?)null),
        };
        return new LoadedWorld(world, name, origin, note);
    }

    private static LoadedWorld ReadFolder(string name, string folder) =>
        new(ModelFolder.read(folder), name, "folder", null);
}
