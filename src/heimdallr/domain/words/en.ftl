### What Heimdallr says, in English. The same messages stand in pt.ftl.
### Parameters: $structure, $region, $edges … arrive as names in this language; numbers are formatted here.

## Why a measurement has no value

task_not_run = task { $task } was not run: { $reason }
not_requested = not requested
weights_not_installed = the weights of { $task } are not installed
no_tissue_weights = no weights for any tissue route are installed
licence_needed = needs a TotalSegmentator licence number
no_brain_in_view = no brain in view ({ NUMBER($seen_cm3, maximumFractionDigits: 0) } of at least { $needed_cm3 } cm³)
region_not_covered = the { $region } { $region ->
    [extremities] are
   *[other] is
} not covered by this volume
not_segmented = no { $structure } segmented in this volume
not_segmented_on_slice = no { $structure } segmented on this slice
fragment = only { NUMBER($volume_cm3, maximumFractionDigits: 2) } cm³ of { $structure } segmented: a fragment, not the structure
poorly_segmented = the bundled weights do not segment the { $structure } well enough to measure
left_out_by_bundled_weights = the bundled weights do not segment the { $structure }
unsure = the bundled networks are unsure of the { $structure } (confidence { NUMBER($confidence, minimumFractionDigits: 2, maximumFractionDigits: 2) })
mislabelled = what is labelled { $structure } measures { NUMBER($median_hu, maximumFractionDigits: 0) } HU: mislabelled
truncated = truncated at { $edges } { $count ->
    [one] edge
   *[other] edges
}
level_truncated = { $level } is truncated at { $edges } { $count ->
    [one] edge
   *[other] edges
}
muscle_cut_by_field_of_view = muscle cut by the field of view at the { $edges }
cut_by_field_of_view = cut by the field of view at the { $edges }
analysis_broke = { $analysis } broke: { $error }

region_without_structures = task { $task } has no structure of the { $region }
no_region_covered = no region has enough of its anchor structures in this volume
phase_is_for_ct = contrast phase is defined for CT only
virtual_image_shows_no_phase = a virtual image does not show the contrast phase
phase_regressors_disagree = the regressors disagree about the time after injection (standard deviation { NUMBER($spread_s, maximumFractionDigits: 1) } s, at most { $limit_s } s)
phase_contradicted = { $phase } is impossible with { NUMBER($median_hu, maximumFractionDigits: 0) } HU in the { $structure }
phase_contradicted_by_veins = { $phase } is impossible with { NUMBER($artery_hu, maximumFractionDigits: 0) } and { NUMBER($vein_hu, maximumFractionDigits: 0) } HU in { $structures }
too_few_structures_for_phase = { $seen } of the { $known } structures the phase is read off are in view, at least { $needed } with a vessel, the heart or the liver are needed
mr_has_no_hounsfield_units = MR intensities are not Hounsfield units
little_left_after_erosion = only { NUMBER($volume_cm3, maximumFractionDigits: 2) } cm³ left after eroding by { $erosion_mm } mm
tissue_needs_attenuation = tissues are told apart by attenuation, which MR does not have
only_head_and_neck_in_view = nothing but head and neck is in view
muscle_needs_attenuation = muscle is told from fat by attenuation, which MR does not have
little_muscle_at_level = only { NUMBER($area_cm2, maximumFractionDigits: 1) } cm² of muscle segmented at { $level }
height_unknown = the patient's height is not known

few_whole_vertebrae = only { $count } whole vertebrae in view: labelling cannot be verified
vertebrae_out_of_order = vertebral labelling inconsistent: { $lower } lies above { $upper }
vertebrae_unevenly_spaced = vertebral labelling inconsistent: { $upper }-{ $lower } spacing is { NUMBER($ratio, minimumFractionDigits: 2, maximumFractionDigits: 2) } of its neighbours'
vertebra_in_two_places = vertebral labelling inconsistent: { $level } is labelled in two places

task_reads_ct_only = the task { $task } reads CT only
no_bleed_segmented = no intracerebral haemorrhage segmented; this does not exclude bleeding
no_bleed_within_brain = no intracerebral haemorrhage segmented ({ $dropped_voxels } voxels outside the brain dropped); this does not exclude bleeding
bleed_truncated = bleed truncated at { $edges } { $count ->
    [one] edge
   *[other] edges
}
no_ventricle_segmented = no ventricle segmented in this volume

## Titles of findings: finding_ and the finding's code

finding_intracerebral_haemorrhage = Intracerebral haemorrhage, { NUMBER($volume_cm3, minimumFractionDigits: 1, maximumFractionDigits: 1) } cm³
finding_intracerebral_haemorrhage_large = Intracerebral haemorrhage, large (≥ { $limit_cm3 } cm³): { NUMBER($volume_cm3, minimumFractionDigits: 1, maximumFractionDigits: 1) } cm³
finding_low_muscle_mass = Low skeletal muscle mass at L3
finding_low_muscle_attenuation = Low skeletal muscle attenuation at L3
finding_splenomegaly = Enlarged spleen, { NUMBER($volume_cm3, maximumFractionDigits: 0) } cm³
finding_liver_steatosis = Liver attenuation in the range of steatosis, { NUMBER($liver_hu, maximumFractionDigits: 0) } HU
finding_truncated_coverage = Not wholly in the volume: { $structures }

## What every reader has to be told, and what weakens a finding

bundled_weights = bundled weights — not for clinical use
age_unknown = the patient's age is not known; adult values were applied
picture_not_drawn = { $file } could not be drawn: { $error }

attenuation_unknown = the header does not say how pixel values become Hounsfield units
monoenergetic_image = measured on a virtual monoenergetic image ({ $energy_kev } keV): attenuation depends on that energy
virtual_non_contrast_image = measured on a virtual non-contrast image: the scanner computed its attenuation
virtual_image = measured on a virtual image: the scanner computed its attenuation
lung_kernel = reconstructed with a lung kernel: standard deviations of attenuation are raised, and means near edges are not to be relied on
bone_kernel = reconstructed with a bone kernel: standard deviations of attenuation are raised, and means near edges are not to be relied on
lossy_compression_ratio = the images were compressed with loss ({ $method ->
    [unknown] by an unknown method
   *[other] { $method }
}, { $ratio }:1): standard deviations of attenuation and small structures are not to be relied on
lossy_compression = the images were compressed with loss ({ $method ->
    [unknown] by an unknown method
   *[other] { $method }
}): standard deviations of attenuation and small structures are not to be relied on
perhaps_lossy_compression = the images may have been compressed with loss ({ $method }): the header does not say
