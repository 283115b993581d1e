using SynthSae.Api;
using SynthSae.Spec;

namespace SynthSae;

/// <summary>
/// What SAEs are trained on: a <see cref="Synthetic"/> model that is written out, a
/// <see cref="Named"/> one, or <see cref="Activations"/> in files.
/// </summary>
public abstract record TrainingData
{
    private protected TrainingData()
    {
    }

    internal abstract DataSource ToCore();

    internal static TrainingData OfCore(DataSource core) =>
        core switch
        {
            DataSource.Synthetic { Item: ModelSource.Spec model } =>
                new Synthetic(SyntheticModelSpecification.OfCore(model.Item)),
            DataSource.Synthetic { Item: ModelSource.Named named } => new Named(named.Item),
            DataSource.Activations files => Activations.OfCore(files.Item),
            _ => throw new ArgumentException($"unknown data {core}", nameof(core)),
        };

    /// <summary>A synthetic model, whose true features are known.</summary>
    /// <param name="Model">The model.</param>
    public sealed record Synthetic(SyntheticModelSpecification Model) : TrainingData
    {
        internal override DataSource ToCore() =>
            DataSource.NewSynthetic(ModelSource.NewSpec(Model.ToCore()));
    }

    /// <summary>A synthetic model by its name.</summary>
    /// <param name="Name">
    /// A preset, or a model folder, here or on the hub (owner/name:path).
    /// </param>
    public sealed record Named(string Name) : TrainingData
    {
        internal override DataSource ToCore() =>
            DataSource.NewSynthetic(ModelSource.NewNamed(Name));
    }

    /// <summary>Activations of a network in files, of whose features nothing is known.</summary>
    /// <param name="Files">
    /// Files (.safetensors, .npy), folders of these, and patterns with * and ?; in this order,
    /// those of a folder or a pattern by name.
    /// </param>
    public sealed record Activations(IReadOnlyList<string> Files) : TrainingData
    {
        private readonly ValueList<string> _files = new(Files);

        /// <summary>Files, folders and patterns, in this order.</summary>
        public IReadOnlyList<string> Files
        {
            get => _files;
            init => _files = new(value);
        }

        /// <summary>The tensor in safetensors files; null for the only one with rows.</summary>
        public string? Tensor { get; init; }

        /// <summary>
        /// Rows that are in memory at a time and shuffled among each other; at least 1.
        /// </summary>
        public int BufferRows { get; init; } = 65_536;

        /// <summary>
        /// Rows to score on, which are never trained on: a number of rows, or a share of them if
        /// below 1.
        /// </summary>
        public double HeldOut { get; init; } = 0.05;

        internal static Activations OfCore(ActivationsSpec core) => new(core.Files)
        {
            Tensor = FSharpValues.Text(core.Tensor),
            BufferRows = core.BufferRows,
            HeldOut = core.HeldOut switch
            {
                Spec.HeldOut.Share share => share.Item,
                Spec.HeldOut.Rows rows => rows.Item,
                _ => throw new ArgumentException($"unknown rows {core.HeldOut}", nameof(core)),
            },
        };

        internal override DataSource ToCore() => DataSource.NewActivations(new ActivationsSpec(
            FSharpValues.List(_files),
            FSharpValues.Option(Tensor),
            BufferRows,
            HeldOut == Math.Floor(HeldOut) && Math.Abs(HeldOut) < long.MaxValue
                ? Spec.HeldOut.NewRows((long)HeldOut)
                : Spec.HeldOut.NewShare(HeldOut)));
    }
}
