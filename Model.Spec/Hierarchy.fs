namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// A node of a feature tree. A child can be active only where its parent is.
type HierarchyNode =
    {
        /// The feature of this node; `None` for a node that only organises its children.
        Feature: int option
        /// The nodes below, and whether at most one of them may be active.
        Children: Children
        /// Multiply each child's magnitude by parent's magnitude / parent's mean magnitude.
        ScaleChildrenByParent: bool
        /// Free text (reference: `feature_id`).
        Id: string option
    }

/// The children of a node.
and Children =
    /// Any number of them may be active at once.
    | Free of HierarchyNode list
    /// At most one is active; a tie is broken uniformly at random. At least two children.
    | Exclusive of HierarchyNode list

/// How many children each parent gets when a forest is generated.
[<RequireQualifiedAccess>]
type BranchingFactor =
    /// The same number, at least 2.
    | Fixed of int
    /// Uniform in [min, max], min at least 2.
    | Between of min: int * max: int

/// Rules by which the reference generates a forest, breadth first (`HierarchyConfig`).
type GeneratedHierarchy =
    {
        /// Number of trees, > 0.
        TotalRootNodes: int
        /// Children per parent.
        BranchingFactor: BranchingFactor
        /// Depth of the deepest leaves (roots have depth 0), at least 1.
        MaxDepth: int
        /// Share of the eligible parents whose children are mutually exclusive, in [0, 1].
        MutuallyExclusivePortion: float
        /// Smallest depth of a parent with exclusive children.
        MutuallyExclusiveMinDepth: int
        /// Largest depth of a parent with exclusive children; `None`: no bound.
        MutuallyExclusiveMaxDepth: int option
        /// Raise probabilities to make up for gating and exclusion (REFERENCE: `compensate_probabilities`).
        CompensateProbabilities: bool
        /// Set `ScaleChildrenByParent` on every node that can be a parent.
        ScaleChildrenByParent: bool
    }

/// The hierarchy among features.
[<RequireQualifiedAccess>]
type Hierarchy =
    /// A forest made by the reference's rules.
    | Generated of GeneratedHierarchy
    /// A forest written out.
    | Explicit of roots: HierarchyNode list * compensateProbabilities: bool

/// Trees as the reference's `hierarchy.json` holds them, and the rules for a hierarchy.
module Hierarchy =
    open Rules

    // ---- rules ---------------------------------------------------------------------------------

    let private branchingRules branching =
        let path = "branching_factor"

        match branching with
        | BranchingFactor.Fixed count -> atLeast 2 path count
        | BranchingFactor.Between(least, most) ->
            check path "must start at 2 or more" $"[{least}, {most}]" (least >= 2)
            @ check
                path
                "must be [min, max] with min at most max"
                $"[{least}, {most}]"
                (least <= most)

    let private generatedRules (h: GeneratedHierarchy) =
        let depth = h.MutuallyExclusiveMinDepth

        atLeast 1 "total_root_nodes" h.TotalRootNodes
        @ branchingRules h.BranchingFactor
        @ atLeast 1 "max_depth" h.MaxDepth
        @ probability "mutually_exclusive_portion" h.MutuallyExclusivePortion
        @ atLeast 0 "mutually_exclusive_min_depth" depth
        @ optional
            (fun path max ->
                check
                    path
                    $"must be at least mutually_exclusive_min_depth {depth}"
                    max
                    (max >= depth))
            "mutually_exclusive_max_depth"
            h.MutuallyExclusiveMaxDepth

    let internal childrenOf node =
        match node.Children with
        | Free children
        | Exclusive children -> children

    /// Every node under its path, parents first.
    let private walk roots =
        let rec below path nodes =
            nodes
            |> List.mapi (fun i node ->
                let path = $"{path}[{i}]"
                (path, node) :: below $"{path}.children" (childrenOf node))
            |> List.concat

        below "roots" roots

    let private treeRules numFeatures roots =
        let nodes = walk roots

        let features =
            nodes |> List.choose (fun (path, node) -> node.Feature |> Option.map (fun f -> path, f))

        let first = features |> List.rev |> List.map (fun (path, f) -> f, path) |> Map.ofList

        let featureRules (path, feature) =
            let place = path + ".feature_index"

            check
                place
                $"must be in [0, {numFeatures - 1}]"
                feature
                (feature >= 0 && feature < numFeatures)
            @ check
                place
                $"is the feature of {first[feature]} already"
                feature
                (first[feature] = path)

        let exclusiveRules (path, node) =
            match node.Children with
            | Exclusive children ->
                let rule = "must be at least 2 to be mutually exclusive"
                check (path + ".children") rule children.Length (children.Length >= 2)
            | Free _ -> []

        List.collect featureRules features @ List.collect exclusiveRules nodes

    let internal rules numFeatures hierarchy =
        match hierarchy with
        | Hierarchy.Generated generated -> generatedRules generated
        | Hierarchy.Explicit(roots, _) -> treeRules numFeatures roots

    // ---- which parents scale their children ----------------------------------------------------

    // Breadth first, the parents come first: as many as the features need that are somebody's child.
    let private generatedScalingParents numFeatures (h: GeneratedHierarchy) =
        let branching =
            match h.BranchingFactor with
            | BranchingFactor.Fixed count -> int64 count
            | BranchingFactor.Between(_, most) -> int64 most

        let roots = int64 (min h.TotalRootNodes numFeatures)
        let features = int64 numFeatures

        let rec nodes depth level total =
            let next = min (level * branching) (features - total)

            if depth >= h.MaxDepth || next = 0L then
                total
            else
                nodes (depth + 1) next (total + next)

        let children = nodes 0 roots roots - roots
        [ 0 .. int ((children + branching - 1L) / branching) - 1 ]

    let private treeScalingParents roots =
        let rec below parent node =
            let parent = node.Feature |> Option.orElse parent
            let children = childrenOf node
            let scales = node.ScaleChildrenByParent && children |> List.exists _.Feature.IsSome
            (if scales then Option.toList parent else []) @ List.collect (below parent) children

        List.collect (below None) roots

    /// Features whose magnitude surely divides their children's: their mean must be above 0. With
    /// random branching there may be more of them.
    let internal scalingParents numFeatures hierarchy =
        match hierarchy with
        | Hierarchy.Generated h when h.ScaleChildrenByParent ->
            generatedScalingParents numFeatures h
        | Hierarchy.Generated _ -> []
        | Hierarchy.Explicit(roots, _) -> treeScalingParents roots

    // ---- JSON ----------------------------------------------------------------------------------

    let private exclusive children = if children then Exclusive else Free

    let private isExclusive node =
        match node.Children with
        | Exclusive _ -> true
        | Free _ -> false

    // A node holds nodes, so its codec is made anew at each depth.
    let rec private node () : Codec<HierarchyNode> =
        let children = Codec.deferred (fun () -> Codec.list (node ()))

        Fields.fields<HierarchyNode> {
            let! feature =
                Fields.optional "feature_index" (Codec.nullable Codec.int) None
                |> Fields.from _.Feature

            and! exclusive' =
                Fields.optional "mutually_exclusive_children" Codec.bool false
                |> Fields.from isExclusive

            and! scale =
                Fields.optional "scale_children_by_parent" Codec.bool false
                |> Fields.from _.ScaleChildrenByParent

            and! id =
                "feature_id"
                |> Fields.alsoNamed "id" (fun name ->
                    Fields.optional name (Codec.nullable Codec.string) None)
                |> Fields.from _.Id

            and! children = Fields.optional "children" children [] |> Fields.from childrenOf

            return
                { Feature = feature
                  Children = exclusive exclusive' children
                  ScaleChildrenByParent = scale
                  Id = id }
        }
        |> Fields.toObject

    let private roots = Fields.required "roots" (Codec.list (node ()))

    let private branching: Codec<BranchingFactor> =
        let count =
            Codec.int
            |> Codec.map BranchingFactor.Fixed (function
                | BranchingFactor.Fixed count -> count
                | BranchingFactor.Between(least, _) -> least)

        let range: Codec<BranchingFactor> =
            let numbers = Codec.list Codec.int

            { Read =
                fun json ->
                    match numbers.Read json with
                    | Ok [ least; most ] -> Ok(BranchingFactor.Between(least, most))
                    | Ok _ -> Codec.fail "must be one integer, or two: [min, max]" json
                    | Error errors -> Error errors
              Write =
                function
                | BranchingFactor.Fixed count -> numbers.Write [ count; count ]
                | BranchingFactor.Between(least, most) -> numbers.Write [ least; most ] }

        Codec.forms
            (function
            | Json.Array _ -> range
            | _ -> count)
            (function
             | BranchingFactor.Fixed _ -> count
             | BranchingFactor.Between _ -> range)

    let private generated =
        Fields.fields<GeneratedHierarchy> {
            let! roots =
                Fields.optional "total_root_nodes" Codec.int 100 |> Fields.from _.TotalRootNodes

            and! branching =
                Fields.optional "branching_factor" branching (BranchingFactor.Fixed 100)
                |> Fields.from _.BranchingFactor

            and! depth = Fields.optional "max_depth" Codec.int 2 |> Fields.from _.MaxDepth

            and! portion =
                Fields.optional "mutually_exclusive_portion" Codec.number 0.0
                |> Fields.from _.MutuallyExclusivePortion

            and! least =
                Fields.optional "mutually_exclusive_min_depth" Codec.int 0
                |> Fields.from _.MutuallyExclusiveMinDepth

            and! most =
                Fields.optional "mutually_exclusive_max_depth" (Codec.nullable Codec.int) None
                |> Fields.from _.MutuallyExclusiveMaxDepth

            and! compensate =
                Fields.optional "compensate_probabilities" Codec.bool false
                |> Fields.from _.CompensateProbabilities

            and! scale =
                Fields.optional "scale_children_by_parent" Codec.bool false
                |> Fields.from _.ScaleChildrenByParent

            return
                { TotalRootNodes = roots
                  BranchingFactor = branching
                  MaxDepth = depth
                  MutuallyExclusivePortion = portion
                  MutuallyExclusiveMinDepth = least
                  MutuallyExclusiveMaxDepth = most
                  CompensateProbabilities = compensate
                  ScaleChildrenByParent = scale }
        }

    let private explicit =
        Fields.pair roots (Fields.optional "compensate_probabilities" Codec.bool false)

    /// The reference's rules, or `roots` written out.
    let internal codec: Codec<Hierarchy> =
        let generated =
            Fields.toObject generated
            |> Codec.map Hierarchy.Generated (function
                | Hierarchy.Generated h -> h
                | Hierarchy.Explicit _ -> invalidOp "an explicit hierarchy has no generation rules")

        let explicit =
            Fields.toObject explicit
            |> Codec.map Hierarchy.Explicit (function
                | Hierarchy.Explicit(roots, compensate) -> roots, compensate
                | Hierarchy.Generated _ -> invalidOp "a generated hierarchy has no roots yet")

        Codec.forms
            (function
            | Json.Object fields when fields |> List.exists (fst >> (=) "roots") -> explicit
            | _ -> generated)
            (function
             | Hierarchy.Explicit _ -> explicit
             | Hierarchy.Generated _ -> generated)

    let private file = Fields.toObject roots

    /// The trees in the text of a `hierarchy.json`: {"roots": […]}.
    let ofJson (text: string) : Result<HierarchyNode list, SpecError list> = Codec.ofText file text

    /// The text of a `hierarchy.json`, as the reference writes it.
    let toJson (roots: HierarchyNode list) : string = Codec.toText file roots
